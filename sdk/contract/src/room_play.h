#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <peer/sdk/contract/room_policy_contract.h>

namespace peer::sdk::contract {

/// A question to a policy, with all that it depends on.
struct RoomQuestion {
  std::string room_id = "den";
  Fingerprint owner{};
  std::uint32_t max_size = 0;
  std::vector<Fingerprint> members{};
  std::string state{};

  RoomAction action = RoomAction::kCreate;
  Fingerprint actor{};
  Fingerprint target{};
  std::string message_type{};
  std::shared_ptr<const Value> fields{};
  Instant now{};
  bool actor_proved = false;
};
std::ostream& operator<<(std::ostream& out, const RoomQuestion& question);

/// All that a policy answers to a question.
struct RoomAnswer {
  std::optional<RoomRefusal>
      check;  ///< set: of the fields themselves, and nothing else has been asked
  RoomDecision decision{};
  RoomOrders orders{};
};
/// Asks as the server does, with arguments that end with the call. What the policy throws comes
/// out.
[[nodiscard]] RoomAnswer ask(const RoomPolicy& policy, const RoomQuestion& question);
/// What the policy says of the room that a question is about.
[[nodiscard]] std::string description_of(const RoomPolicy& policy, const RoomQuestion& question);

/// What it shows of that room to who has asked the question; empty: nothing.
[[nodiscard]] std::string entry_of(const RoomPolicy& policy, const RoomQuestion& question);

/// All of an answer as one text, to be compared and shown.
[[nodiscard]] std::string shown(const RoomAnswer& answer);

/// Why the server would not do what a policy says; empty: it does.
[[nodiscard]] std::string fault_of(const RoomQuestion& question, const RoomAnswer& answer);

/// What has been asked while peers came, talked and went, and what the policy said: its decision,
/// or what it threw.
struct RoomMoment {
  RoomQuestion question;
  std::optional<RoomAnswer> answer;
  std::string threw;
};
/// Plays `steps` moments in one room after another. Equal arguments ask equal questions of policies
/// that answer alike.
[[nodiscard]] std::vector<RoomMoment> play(const RoomPolicy& policy, const RoomPolicyCase& with,
                                           std::size_t steps);

}  // namespace peer::sdk::contract
