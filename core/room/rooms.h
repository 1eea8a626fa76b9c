#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/room_policy.h>

#include "core/plugin/by_namespace.h"
#include "core/room/passwords.h"
#include "core/room/room_store.h"
#include "core/room/room_task.h"

namespace peer {

/// Makes every change of a room in the same steps: read the room, ask its policy, commit if the
/// room is still what was read, else begin again. The policy is pure, so asking it twice does no
/// harm; and no lock is held while a plugin runs. The store reads and commits. When it cannot know,
/// the steps begin anew with the local view of this node, and end with it.
///
/// A namespace that is no room is joined the same way, without a policy.
///
/// Thread-safe; each task on its own loop.
class Rooms {
 public:
  /// All of them outlive the tasks.
  /// `policies` says which of them has a room.
  /// `password_queue`: Passwords.
  Rooms(std::unique_ptr<RoomStore> store, ByNamespace<sdk::RoomPolicy> policies,
        std::size_t password_queue = 256)
      : store_(std::move(store)), policies_(std::move(policies)), passwords_(password_queue) {}

  /// What the policies are, by Served::index. Before the first task; outlives them.
  void use_traits(const std::vector<sdk::RoomTraits>& traits) { traits_ = &traits; }
  /// What lets the sessions of a room that has ended go; on any loop. Before the first task.
  using OnClosed = std::function<void(std::span<const ClosedMember> members)>;
  void when_closed(OnClosed on_closed) { on_closed_ = std::move(on_closed); }

  /// Answers a question, and changes the room as its policy decides; lets the newcomer in.
  void ask(RoomTask&& task);
  /// Says what is known of a room, without a question.
  void look(RoomTask&& task);
  /// What speaks against the fields of a question that will be asked, before it is: the room's
  /// policy says so. Of one that has passwords looked at, a password is taken out of the fields.
  [[nodiscard]] std::optional<sdk::RoomRefusal> check(RoomQuestion& question,
                                                      sdk::Instant now) const;
  /// A room as another node, or the broker, tells of it, with what follows from that.
  [[nodiscard]] Room known(std::string_view name, sdk::RoomState state) const;
  /// A room waits for members (RoomStore::Left): ends it in time, and all others that wait.
  void end_empty_in_time(EventLoop& loop);
  /// A member has gone: asks the policy who owns the room now. Nobody waits for the outcome.
  void settle(EventLoop& loop, std::string name, const Fingerprint& gone);

  /// Has rooms that are created here, or end by what is done here, told there. Before the first
  /// task.
  void use_events(Events& events) { events_ = &events; }

  [[nodiscard]] RoomStore& store() { return *store_; }
  [[nodiscard]] Passwords& passwords() { return passwords_; }

 private:
  // The steps of a task. Each hands it on, so that nothing of it may be used behind the call.

  /// Reads the room, or has the newcomer let in where no policy has to be asked.
  void attempt(RoomTask&& task);
  /// Asks the policy, and has the store make the change that it decides.
  void decide(RoomTask&& task, const RoomSnapshot& room);
  /// The policy wants to know of the password first: then it is asked again.
  void look_at_password(RoomTask&& task, const sdk::RoomOrders& orders);
  void tell_events(const RoomTask& task) const;
  void complete(RoomTask&& task, RoomOutcome&& outcome);
  void refuse(RoomTask&& task, sdk::RoomRefusal refusal);
  /// The policy's wish to be asked again, if no later change of the room has been made by then.
  void wake_later(const RoomTask& task, std::uint64_t version);
  static void go_on(RoomTask&& task, bool failed);
  static void answer(RoomTask&& task, RoomAnswer&& answer);
  static void take_view(RoomTask&& task, RoomView&& view);
  /// Takes the store's answer: that is the end, or another attempt, of which there is a bounded
  /// number.
  static void conclude(RoomTask&& task, RoomOutcome&& outcome);

  const std::unique_ptr<RoomStore> store_;
  const ByNamespace<sdk::RoomPolicy> policies_;
  Events* events_ = nullptr;  // null: nobody is told
  const std::vector<sdk::RoomTraits>* traits_ = nullptr;
  /// When end_empty_in_time() will be called; kNever: it will not.
  std::atomic<Time> next_end_{kNever};
  OnClosed on_closed_ = [](std::span<const ClosedMember>) {};
  Passwords passwords_;  // the last: its thread has tasks of the others
};

}  // namespace peer
