#pragma once

#include "managed_rooms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <peer/sdk/json.h>

#include "tests/unit/plugins/room_managed/peer_number.h"

namespace peer_managed {
using namespace peer::sdk;
using namespace std::chrono_literals;

inline const Fingerprint kAnn = peer_number(0xa1);
inline const Fingerprint kBob = peer_number(0xb2);
inline const Fingerprint kCat = peer_number(0xc3);
inline const Fingerprint kDan = peer_number(0xd4);

inline std::string hex(const Fingerprint& peer) {
  std::string text;
  for (int i = 0; i < 32; ++i) {
    constexpr const char* kDigits = "0123456789abcdef";
    text += kDigits[peer.bytes[0] >> 4U];
    text += kDigits[peer.bytes[0] & 15U];
  }
  return text;
}
inline Value list_of(std::initializer_list<Fingerprint> peers) {
  Value::List list;
  for (const Fingerprint& peer : peers) list.push_back({hex(peer)});
  return {list};
}

/// One room, which does what the policy decides, as the core would; its clock is the test's.
class ManagedRoomsTest : public testing::Test {
 protected:
  /// The refusal as "403 banned", or "" when it is done.
  std::string ask(RoomAction action, const Fingerprint& actor, Value::Object fields = {},
                  const char* type = "", const Fingerprint& target = {}) {
    const ManagedRooms policy(options_);
    const Value values{std::move(fields)};
    RoomRequest request{action, actor, target, type, values, now_, proved_.contains(actor)};
    request.has_password = !password_.empty();
    if (const auto refusal = policy.check(request)) return words(*refusal);
    if (action == RoomAction::kLeave) std::erase(members_, actor);
    const RoomView view{"den", owner_, max_size_, members_, state_};
    orders_ = {};
    RoomDecision decision = policy.decide_and_order(view, request, orders_);
    // What the core does with a password; its hash of "x" is "hash of x".
    if (orders_.password != PasswordOrder::kNone) {
      ++looked_at_;
      const std::string hash = "hash of " + password_;
      const std::string compared = orders_.compare_with;
      if (orders_.password == PasswordOrder::kHash) request.password_hash = hash;
      request.compared_with = compared;
      request.password_matches = compared == hash;
      orders_ = {};
      decision = policy.decide_and_order(view, request, orders_);
    }
    if (decision.refusal) return words(*decision.refusal);
    owner_ = decision.owner;
    max_size_ = decision.max_size;
    state_ = decision.state;
    if (action == RoomAction::kCreate || action == RoomAction::kJoin) members_.push_back(actor);
    if (orders_.remove) std::erase(members_, *orders_.remove);
    if (action == RoomAction::kKick) std::erase(members_, target);
    return {};
  }
  static std::string words(const RoomRefusal& refusal) {
    return std::to_string(refusal.code) + " " + refusal.message;
  }
  std::string create(Value::Object fields = {}) {
    members_.clear();
    return ask(RoomAction::kCreate, kAnn, std::move(fields));
  }
  std::string join(const Fingerprint& peer) { return ask(RoomAction::kJoin, peer); }
  std::string leave(const Fingerprint& peer) { return ask(RoomAction::kLeave, peer); }
  std::string say(const Fingerprint& peer, const char* type, Value::Object fields = {}) {
    return ask(RoomAction::kMessage, peer, std::move(fields), type);
  }
  std::string kick(const Fingerprint& by, const Fingerprint& target) {
    return ask(RoomAction::kKick, by, {}, "", target);
  }
  std::string ban(const Fingerprint& target, Value seconds = {}) {
    return say(kAnn, "room_ban", {{"fingerprint", {hex(target)}}, {"seconds", seconds}});
  }
  /// What a peer sees of the room in a list; "": nothing.
  std::string listed(const Fingerprint& viewer) {
    RoomEntry entry;
    ManagedRooms(options_).list({"den", owner_, max_size_, {}, state_}, {viewer, false, now_},
                                entry);
    return entry.shown ? entry.members : "";
  }
  RoomDescription described() {
    RoomDescription description;
    ManagedRooms(options_).describe({"den", owner_, max_size_, members_, state_}, description);
    return description;
  }
  std::string told() {
    RoomDescription description;
    ManagedRooms(options_).describe({"den", owner_, max_size_, members_, state_}, description);
    return description.updated;
  }

  std::string join_with(const Fingerprint& peer, std::string password) {
    password_ = std::move(password);
    std::string refusal = join(peer);
    password_.clear();
    return refusal;
  }
  std::string create_with(std::string password, Value::Object fields = {}) {
    password_ = std::move(password);
    std::string refusal = create(std::move(fields));
    password_.clear();
    return refusal;
  }

  std::string password_;  // of the next request
  int looked_at_ = 0;     // passwords, by the core
  Options options_;
  Instant now_{1'700'000'000'000ms};
  std::set<Fingerprint> proved_;
  std::vector<Fingerprint> members_;
  Fingerprint owner_;
  std::uint32_t max_size_ = 0;
  std::string state_;
  RoomOrders orders_;
};

}  // namespace peer_managed
