#include "core/room/room_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/utf8.h"
#include "core/protocol/json_text.h"
#include "core/protocol/protocol_types.h"

namespace peer {
namespace {

constexpr std::size_t kMaxState = 64 * 1024;

bool is_present(const RoomSnapshot& snapshot, const sdk::RoomRequest& request,
                const Fingerprint& peer) {
  const bool arriving =
      request.action == sdk::RoomAction::kCreate || request.action == sdk::RoomAction::kJoin;
  if (arriving && peer == request.actor) return true;
  return std::find(snapshot.members.begin(), snapshot.members.end(), peer) !=
         snapshot.members.end();
}

const char* fault_of(const RoomSnapshot& snapshot, const sdk::RoomRequest& request,
                     const sdk::RoomDecision& decision) {
  // An owner who has just gone is one until the change that follows: the policy saw it as such.
  const bool unchanged =
      request.action != sdk::RoomAction::kCreate && decision.owner == snapshot.room.owner;
  const bool succession =
      request.action == sdk::RoomAction::kLeave && decision.owner == request.actor;
  if ((!unchanged || succession) && !is_present(snapshot, request, decision.owner)) {
    return "returned an owner who is no member";
  }
  if (decision.max_size == 0) return "returned a max_size of 0";
  if (decision.state.size() > kMaxState) return "returned more than 64 KiB of state";
  return nullptr;
}

const char* fault_of(const sdk::RoomMessage& message) {
  if (is_protocol_type(message.type) || message.type.empty()) {
    return "dropped a message of a type that is the protocol's own";
  }
  if (!is_valid_json(json_string(message.type))) return "dropped a message of a type not in UTF-8";
  if (!is_valid_json(message.payload)) return "dropped a message that is not JSON";
  return nullptr;
}

/// The codes of which clients know what they mean (docs/protocol.md, "Errors").
constexpr std::array kRefusalCodes{400, 403, 404, 409, 429};

/// Makes of the policy's refusal what a client may hear. Returns false when it has none of the
/// codes: the decision makes no sense.
bool accept(sdk::RoomRefusal& refusal, PluginCalls& calls) {
  const bool known =
      std::find(kRefusalCodes.begin(), kRefusalCodes.end(), refusal.code) != kRefusalCodes.end();
  if (!known) {
    calls.fault("decide", "refused with code " + std::to_string(refusal.code) +
                              ", which is none of 400, 403, 404, 409, 429");
    return false;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(refusal.message.data());
  if (!is_valid_utf8({bytes, refusal.message.size()})) {
    calls.fault("decide", "refused in words that are not UTF-8");
    refusal.message = "refused";
  }
  return true;
}

/// Drops the messages that no client could read; the decision counts without them.
void drop_bad_messages(std::vector<sdk::RoomMessage>& messages, PluginCalls& calls) {
  std::erase_if(messages, [&calls](const sdk::RoomMessage& message) {
    const char* fault = fault_of(message);
    if (fault != nullptr) calls.fault("decide", fault);
    return fault != nullptr;
  });
}

}  // namespace

RoomVerdict judge(const sdk::RoomPolicy& policy, PluginCalls& calls, std::string_view room_id,
                  const RoomSnapshot& snapshot, const sdk::RoomRequest& request) {
  RoomVerdict verdict;
  sdk::RoomDecision decision;
  const sdk::RoomView view{room_id, snapshot.room.owner, snapshot.room.max_size, snapshot.members,
                           snapshot.room.state};
  verdict.failed = !calls.run("decide", [&] { decision = policy.decide(view, request); });
  if (verdict.failed) return verdict;
  const bool may_refuse =
      request.action != sdk::RoomAction::kLeave && request.action != sdk::RoomAction::kTimer;
  if (decision.refusal && may_refuse) {
    verdict.failed = !accept(*decision.refusal, calls);
    if (verdict.failed) return verdict;
    verdict.refusal = std::move(decision.refusal);
    return verdict;
  }
  if (const char* fault = fault_of(snapshot, request, decision)) {
    calls.fault("decide", fault);
    verdict.failed = true;
    return verdict;
  }
  verdict.room = {decision.owner, decision.max_size, std::move(decision.state)};
  drop_bad_messages(decision.messages, calls);
  verdict.messages = std::move(decision.messages);
  verdict.wake_after = decision.wake_after;
  return verdict;
}

}  // namespace peer
