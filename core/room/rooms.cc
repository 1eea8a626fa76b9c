#include "core/room/rooms.h"

#include <algorithm>
#include <utility>

#include "core/room/room_rules.h"
#include "core/wire/notices.h"

// A task goes from attempt() to the store, which reads (take_view), to the policy (decide), to the
// store, which commits (take_outcome), and from conclude() to its end or to attempt() again.
namespace peer {
namespace {

using Into = Newcomer::Into;
using Status = RoomOutcome::Status;

// So often is the dance danced with a room that others change all the time.
constexpr int kMaxAttempts = 64;
// Who has gone must not stay the owner: that is settled however often others are quicker, but a
// broker that never agrees comes to an end too.
constexpr int kMaxSettleAttempts = 256;

int attempts_for(const RoomTask& task) {
  return task.question.action == sdk::RoomAction::kLeave ? kMaxSettleAttempts : kMaxAttempts;
}

sdk::RoomRefusal not_found() { return {404, "room not found"}; }

bool is_member(const RoomSnapshot& room, const Fingerprint& peer) {
  return std::find(room.members.begin(), room.members.end(), peer) != room.members.end();
}

bool comes_into(const RoomTask& task, Into where) {
  return task.newcomer && task.newcomer->into == where;
}

// What the core itself has against it.
std::optional<sdk::RoomRefusal> refusal_of(const RoomSnapshot& room, const RoomQuestion& question) {
  if (question.action == sdk::RoomAction::kKick && !is_member(room, question.target)) {
    return sdk::RoomRefusal{404, "peer not in room"};
  }
  if (question.action == sdk::RoomAction::kMessage && !is_member(room, question.actor)) {
    return sdk::RoomRefusal{403, "not in room"};
  }
  return std::nullopt;
}

RoomVerdict verdict_on(const sdk::RoomPolicy& policy, PluginCalls& calls, const RoomSnapshot& room,
                       const RoomQuestion& question, sdk::Instant now) {
  RoomVerdict verdict;
  verdict.refusal = refusal_of(room, question);
  if (verdict.refusal) return verdict;
  verdict = judge(policy, calls, question.name, room,
                  {question.action, question.actor, question.target, question.message_type,
                   question.fields, now});
  if (verdict.failed && question.action == sdk::RoomAction::kLeave) {
    // A room must not be left to an owner who is gone: the standard rule (docs/protocol.md,
    // "Rooms") stands in.
    verdict = RoomVerdict();
    verdict.room = room.room;
    if (verdict.room.owner == question.actor) verdict.room.owner = room.members.front();
  }
  if (verdict.failed) verdict.refusal = sdk::RoomRefusal{500, "internal error"};
  return verdict;
}

// `room_updated` if the verdict changes what members know, then what the policy wants said.
RoomChange change_of(const RoomQuestion& question, const RoomVerdict& verdict, const Room& before,
                     sdk::Instant now) {
  RoomChange change{verdict.room, {}};
  const bool is_new = question.action == sdk::RoomAction::kCreate;
  if (!is_new && (before.owner != verdict.room.owner || before.max_size != verdict.room.max_size)) {
    change.posts.push_back({std::nullopt, room_updated_frame(question.name, verdict.room, now)});
  }
  for (const sdk::RoomMessage& message : verdict.messages) {
    change.posts.push_back(
        {message.to, room_message_frame(question.name, message.type, message.payload, now)});
  }
  return change;
}

}  // namespace

void Rooms::ask(RoomTask&& task) {
  task.rooms = this;
  if (comes_into(task, Into::kNewRoom)) return decide(std::move(task), RoomSnapshot());
  attempt(std::move(task));
}

void Rooms::attempt(RoomTask&& task) {
  // A namespace has no policy, and that of a new room has been asked.
  if (comes_into(task, Into::kNamespace) || comes_into(task, Into::kNewRoom)) {
    return store_->join(std::move(task), take_outcome);
  }
  store_->read(std::move(task), take_view);
}

void Rooms::take_view(RoomTask&& task, RoomView&& view) {
  if (task.newcomer_has_gone()) return;
  const bool is_empty = !view.room || (!task.newcomer && view.room->members.empty());
  if (is_empty) return task.rooms->refuse(std::move(task), not_found());
  const std::optional<std::uint64_t>& due = task.question.version;
  if (view.known && due && view.room->version != *due) return;  // a later decision took over
  task.rooms->decide(std::move(task), *view.room);
}

void Rooms::decide(RoomTask&& task, const RoomSnapshot& room) {
  const sdk::Instant now = task.loop.wall();
  RoomVerdict verdict = verdict_on(policy_, calls_, room, task.question, now);
  if (verdict.refusal) return refuse(std::move(task), std::move(*verdict.refusal));
  task.based_on = room.version;
  task.change = change_of(task.question, verdict, room.room, now);
  task.wake_after = verdict.wake_after;
  if (task.newcomer) return store_->join(std::move(task), take_outcome);
  store_->commit(std::move(task), take_outcome);
}

void Rooms::take_outcome(RoomTask&& task, RoomOutcome&& outcome) {
  task.rooms->conclude(std::move(task), std::move(outcome));
}

void Rooms::conclude(RoomTask&& task, RoomOutcome&& outcome) {
  switch (outcome.status) {
    case Status::kDone:
      return complete(std::move(task), std::move(outcome));
    case Status::kConflict:
      if (++task.attempts < attempts_for(task)) return attempt(std::move(task));
      return refuse(std::move(task), {429, "room busy"});
    case Status::kIsRoom:
      task.newcomer->into = Into::kRoom;
      return attempt(std::move(task));
    case Status::kUnavailable:
      task.alone = true;
      task.attempts = 0;
      return attempt(std::move(task));
    case Status::kFull:
      return refuse(std::move(task), {429, "namespace full"});
    case Status::kClusterFull:
      return refuse(std::move(task), {503, kClusterFullMessage});
    case Status::kExists:
      return refuse(std::move(task), {409, "room already exists"});
    case Status::kGone:
      return refuse(std::move(task), not_found());
    case Status::kNotMember:
      return refuse(std::move(task), {404, "peer not in room"});
  }
}

void Rooms::complete(RoomTask&& task, RoomOutcome&& outcome) {
  wake_later(task, outcome.version);
  // Who asked for a change hears of it before the answer; a newcomer is first told who is there.
  if (!task.newcomer) task.loop.deliver_mail();
  RoomAnswer done{task.question.name, std::nullopt};
  done.room = task.change.room;
  done.joined = std::move(outcome.joined);
  done.told_by_broker = outcome.told_by_broker;
  answer(std::move(task), std::move(done));
}

void Rooms::refuse(RoomTask&& task, sdk::RoomRefusal refusal) {
  if (task.alone && task.newcomer) store_->withdraw(task.question.name, task.newcomer->peer);
  RoomAnswer refused{task.question.name, std::move(refusal)};
  answer(std::move(task), std::move(refused));
}

void Rooms::answer(RoomTask&& task, RoomAnswer&& answer) {
  if (task.done) task.done(answer);
}

void Rooms::look(RoomTask&& task) {
  store_->read(std::move(task), [](RoomTask&& asked, RoomView&& view) {
    RoomAnswer found{asked.question.name, std::nullopt};
    if (view.room) {
      found.room = std::move(view.room->room);
      found.members = view.room->members.size();
    } else {
      found.refusal = not_found();
    }
    answer(std::move(asked), std::move(found));
  });
}

void Rooms::settle(EventLoop& loop, std::string name, const Fingerprint& gone) {
  ask(RoomTask{loop, {std::move(name), sdk::RoomAction::kLeave, gone}});
}

void Rooms::wake_later(const RoomTask& task, std::uint64_t version) {
  if (task.wake_after.count() <= 0) return;
  EventLoop& loop = task.loop;
  loop.schedule(loop.now() + task.wake_after, [this, &loop, name = task.question.name, version] {
    RoomQuestion question{name, sdk::RoomAction::kTimer};
    question.version = version;
    ask(RoomTask{loop, std::move(question)});
  });
}

}  // namespace peer
