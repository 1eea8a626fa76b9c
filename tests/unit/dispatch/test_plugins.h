#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/room_policy.h>

#include "tests/unit/dispatch/answers.h"

namespace peer::test {

/// Usually lets everybody in, with all rights. Thread-safe.
class TestAuth final : public sdk::Auth {
 public:
  Answers<sdk::AuthVerdict> verdicts;

  // What it says of itself. Before the node is made.
  bool tokens = false;
  bool renewing = false;
  std::optional<std::string> prefix = "";

  void authenticate(const sdk::AuthRequest& request, sdk::AuthReply reply) override {
    {
      const std::lock_guard lock(mutex_);
      refreshes_ = request.refreshes;
      payload_ = request.payload;
      peer_ = request.peer;
      granted_.reset();
      if (request.granted != nullptr) granted_ = *request.granted;
    }
    verdicts.take(std::move(reply), [] { return sdk::AuthGrant(); });
  }
  void start(sdk::AuthHost& host) override { host_ = &host; }
  [[nodiscard]] bool takes_tokens() const override { return tokens; }
  [[nodiscard]] bool renews() const override { return renewing; }
  [[nodiscard]] std::optional<std::string> identity_prefix() const override { return prefix; }

  /// Once the node has started.
  [[nodiscard]] sdk::AuthHost& host() { return *host_; }
  /// Of the latest question: AuthRequest::refreshes, and its payload.
  std::string refreshes() {
    const std::lock_guard lock(mutex_);
    return refreshes_;
  }
  std::string payload() {
    const std::lock_guard lock(mutex_);
    return payload_;
  }
  /// And AuthRequest::peer, and what AuthRequest::granted points to.
  std::weak_ptr<const void> asking_peer() {
    const std::lock_guard lock(mutex_);
    return peer_;
  }
  std::optional<sdk::AuthGrant> granted() {
    const std::lock_guard lock(mutex_);
    return granted_;
  }

 private:
  sdk::AuthHost* host_ = nullptr;
  std::mutex mutex_;
  std::string refreshes_;
  std::string payload_;
  std::weak_ptr<const void> peer_;
  std::optional<sdk::AuthGrant> granted_;
};

/// Lets a peer into namespaces that match these.
inline sdk::AuthGrant grant_for(std::vector<std::string> namespaces) {
  sdk::AuthGrant grant;
  grant.namespaces = std::move(namespaces);
  return grant;
}

inline sdk::RoomDecision refusal(int code, std::string message) {
  sdk::RoomDecision decision;
  decision.refusal = sdk::RoomRefusal{code, std::move(message)};
  return decision;
}

/// Rooms with an owner: two members unless asked otherwise. A test can have any decision made
/// otherwise. Thread-safe.
class TestRooms final : public sdk::RoomPolicy {
 public:
  using Decide = std::function<sdk::RoomDecision(const sdk::RoomView&, const sdk::RoomRequest&)>;

  /// What message_types() returns. Before the node is made.
  std::vector<std::string> types;

  /// From now on `instead` decides on this action; it may throw.
  void on(sdk::RoomAction action, Decide instead) {
    const std::lock_guard lock(mutex_);
    instead_[static_cast<std::size_t>(action)] = std::move(instead);
  }

  sdk::RoomDecision decide(const sdk::RoomView& room,
                           const sdk::RoomRequest& request) const override {
    std::unique_lock lock(mutex_);
    const Decide instead = instead_[static_cast<std::size_t>(request.action)];
    lock.unlock();
    return instead ? instead(room, request) : by_the_guide(room, request);
  }
  std::vector<std::string> message_types() const override { return types; }

  // What a policy may do since revision 3. Before the node is made.
  bool hears_strangers = false;
  std::function<std::optional<sdk::RoomRefusal>(const sdk::RoomRequest&)> checks;
  /// Orders beside each decision.
  std::function<void(const sdk::RoomRequest&, sdk::RoomOrders&)> orders;
  std::function<std::string(const sdk::RoomView&)> describes;

  // And since revision 6: rooms are public if they are created with `public`.
  bool lists_rooms = false;
  std::chrono::milliseconds keep_empty{0};
  /// What is said of a public room; without, that it is "shown" by its state.
  std::function<void(const sdk::RoomView&, const sdk::RoomViewer&, sdk::RoomEntry&)> entries;

  void traits(sdk::RoomTraits& traits) const override {
    traits.hears_strangers = hears_strangers;
    traits.lists_rooms = lists_rooms;
    traits.keeps_empty_rooms = keep_empty.count() > 0;
  }
  std::optional<sdk::RoomRefusal> check(const sdk::RoomRequest& request) const override {
    return checks ? checks(request) : std::nullopt;
  }
  sdk::RoomDecision decide_and_order(const sdk::RoomView& room, const sdk::RoomRequest& request,
                                     sdk::RoomOrders& given) const override {
    if (orders) orders(request, given);
    return decide(room, request);
  }
  void describe(const sdk::RoomView& room, sdk::RoomDescription& description) const override {
    if (describes) description.updated = describes(room);
    description.listed = room.state == "public";
    description.keep_empty = keep_empty;
  }
  void list(const sdk::RoomView& room, const sdk::RoomViewer& viewer,
            sdk::RoomEntry& entry) const override {
    entry.shown = true;
    if (entries) entries(room, viewer, entry);
  }

  static sdk::RoomDecision unchanged(const sdk::RoomView& room) {
    sdk::RoomDecision decision;
    decision.owner = room.owner;
    decision.max_size = room.max_size;
    decision.state = room.state;
    return decision;
  }

  static sdk::RoomDecision by_the_guide(const sdk::RoomView& room,
                                        const sdk::RoomRequest& request) {
    sdk::RoomDecision decision = unchanged(room);
    switch (request.action) {
      case sdk::RoomAction::kCreate: {
        const sdk::Value* size = request.fields.find("max_size");
        decision.owner = request.actor;
        decision.max_size = size == nullptr ? 2 : static_cast<std::uint32_t>(*size->as_number());
        if (request.fields.find("public") != nullptr) decision.state = "public";
        return decision;
      }
      case sdk::RoomAction::kJoin:
        return room.members.size() < room.max_size ? decision : refusal(429, "room full");
      case sdk::RoomAction::kLeave:
        if (room.owner == request.actor) decision.owner = room.members.front();
        return decision;
      case sdk::RoomAction::kKick:
        return room.owner == request.actor ? decision : refusal(403, "only room owner can kick");
      case sdk::RoomAction::kMessage:
      case sdk::RoomAction::kTimer:
        return decision;
    }
    return decision;
  }

 private:
  mutable std::mutex mutex_;
  std::array<Decide, 6> instead_;  // by RoomAction
};

}  // namespace peer::test
