#pragma once

#include <memory>
#include <string>

#include <peer/sdk/room_policy.h>

#include "core/plugin/plugin_calls.h"
#include "core/room/room_store.h"
#include "core/room/room_task.h"

namespace peer {

/// Every change of a room is the same dance: read the room, ask its policy, commit if the room is
/// still what was read, else again. The policy is pure, so asking it twice does no harm; and no
/// lock is held while a plugin thinks. Where it is read and committed is the store's business;
/// when that cannot know, the dance begins anew with this node's own truth, and ends with it.
///
/// A namespace that is no room is joined the same way, without a policy.
///
/// Thread-safe; each task on its own loop.
class Rooms {
 public:
  /// All of them outlive the tasks.
  Rooms(std::unique_ptr<RoomStore> store, const sdk::RoomPolicy& policy, PluginCalls& calls)
      : store_(std::move(store)), policy_(policy), calls_(calls) {}

  /// Answers a question, and changes the room as its policy decides; lets the newcomer in.
  void ask(RoomTask&& task);
  /// Says what is known of a room, without a question.
  void look(RoomTask&& task);
  /// A member has gone: what the policy makes of that.
  void settle(EventLoop& loop, std::string name, const Fingerprint& gone);

  [[nodiscard]] RoomStore& store() { return *store_; }

 private:
  void attempt(RoomTask&& task);
  void decide(RoomTask&& task, const RoomSnapshot& room);
  void conclude(RoomTask&& task, RoomOutcome&& outcome);
  void complete(RoomTask&& task, RoomOutcome&& outcome);
  void refuse(RoomTask&& task, sdk::RoomRefusal refusal);
  void wake_later(const RoomTask& task, std::uint64_t version);
  static void answer(RoomTask&& task, RoomAnswer&& answer);
  static void take_view(RoomTask&& task, RoomView&& view);
  static void take_outcome(RoomTask&& task, RoomOutcome&& outcome);

  const std::unique_ptr<RoomStore> store_;
  const sdk::RoomPolicy& policy_;
  PluginCalls& calls_;
};

}  // namespace peer
