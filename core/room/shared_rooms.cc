#include "core/room/shared_rooms.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/cluster/ask.h"
#include "core/cluster/others.h"
#include "core/wire/notices.h"

// Rooms that all nodes share. In: a task, on its loop. Out: the same task, with what was read or
// what has become of the change: SharedRooms asks the broker, and keeps the task on the heap
// meanwhile; then it brings the hub of this node up to what the broker says.
namespace peer {
namespace {

using Into = Newcomer::Into;
using Status = RoomOutcome::Status;

// A session that is coming has come after a question or two to the broker.
constexpr milliseconds kPauseForComers{2};

Status status_of(sdk::CommitStatus status) {
  switch (status) {
    case sdk::CommitStatus::kCommitted:
      return Status::kDone;
    case sdk::CommitStatus::kConflict:
      return Status::kConflict;
    case sdk::CommitStatus::kGone:
      return Status::kGone;
    case sdk::CommitStatus::kNotMember:
      return Status::kNotMember;
    case sdk::CommitStatus::kUnavailable:
      return Status::kUnavailable;
  }
  return Status::kUnavailable;
}

// What the broker is asked for. Of a quiet namespace only its size is wanted; a page of one costs
// no more, and every broker knows how to make it.
std::uint32_t page_size(const Newcomer& newcomer, const sdk::RoomCommit& commit) {
  if (newcomer.quiet) return 1;
  return newcomer.into == Into::kNamespace ? kJoinPage : commit.room.max_size;
}

std::optional<RoomSnapshot> snapshot_of(const std::optional<sdk::RoomRecord>& record) {
  std::optional<RoomSnapshot> room;
  if (!record) return room;
  room.emplace();
  room->room.owner = record->room.owner;
  room->room.max_size = record->room.max_size;
  room->room.state = record->room.state;
  room->version = record->version;
  room->members = record->members;
  return room;
}

// For as long as the broker is asked: what it is asked about stays where it is.
std::unique_ptr<RoomTask> keep(RoomTask&& task) {
  return std::make_unique<RoomTask>(std::move(task));
}

}  // namespace

// The change as the broker takes it.
sdk::RoomCommit SharedRooms::commit_of(const RoomTask& task) const {
  sdk::RoomCommit commit;
  commit.version = task.based_on;
  commit.room = {task.change.room.owner, task.change.room.max_size, task.change.room.state};
  for (const RoomPost& post : task.change.posts) {
    commit.posts.push_back({post.to, std::string(text_of(post.frame))});
  }
  if (task.change.removed) {
    commit.kicked = task.change.removed;
    commit.by = task.question.actor;
  }
  commit.closes = task.change.closes;
  if (task.change.may_be_listed) commit.listed = task.change.room.listed;
  commit.keep_empty = task.change.room.keep_empty;
  commit.most_empty = max_empty_rooms_.load(std::memory_order_relaxed);
  return commit;
}

void SharedRooms::read(RoomTask&& task, OnView then) {
  if (task.alone) return own_.read(std::move(task), then);
  auto kept = keep(std::move(task));
  const RoomTask& asking = *kept;
  ask<sdk::RoomReading>(
      asking.loop, {calls_, "read_room"}, {},
      [&](sdk::BrokerReply<sdk::RoomReading> reply) {
        broker_.read_room(asking.question.name, std::move(reply));
      },
      [this, kept = std::move(kept), then](const sdk::RoomReading& reading) {
        if (!reading.known) return own_.read(std::move(*kept), then);
        then(std::move(*kept), {snapshot_of(reading.room), true});
      });
}

// What a peer of this node does without the broker, such as leaving, reaches who is coming here,
// and so behind all that reaches them where they still are. Of what it does next by way of the
// broker they would hear there, and thus before: so that waits until they have come. It does not
// wait for those who set out later, or it might wait for ever.
void SharedRooms::behind_comers(RoomTask&& task, OnOutcome then, Step step) {
  const std::uint64_t last = namespaces_.last_coming(task.question.name);
  if (last == 0) return (this->*step)(std::move(task), then);
  await_comers(keep(std::move(task)), last, then, step);
}

void SharedRooms::await_comers(std::unique_ptr<RoomTask> task, std::uint64_t last, OnOutcome then,
                               Step step) {
  EventLoop& loop = task->loop;
  loop.schedule(loop.now() + kPauseForComers,
                [this, task = std::move(task), last, then, step]() mutable {
                  // By now it may be a peer of another node, and a member by that.
                  if (task->newcomer_has_gone()) return;
                  const std::uint64_t still = namespaces_.last_coming(task->question.name, last);
                  if (still != 0) return await_comers(std::move(task), still, then, step);
                  (this->*step)(std::move(*task), then);
                });
}

void SharedRooms::commit(RoomTask&& task, OnOutcome then) {
  if (task.alone) return own_.commit(std::move(task), then);
  // Other nodes would not hear that the room has ended.
  if (task.change.closes && revision_ < 3) {
    return then(std::move(task), {Status::kUnavailable, 0, JoinResult(), true, {}});
  }
  behind_comers(std::move(task), then, &SharedRooms::commit_shared);
}

void SharedRooms::commit_shared(RoomTask&& task, OnOutcome then) {
  auto kept = keep(std::move(task));
  const RoomTask& asking = *kept;
  const sdk::RoomCommit commit = commit_of(asking);
  ask<sdk::CommitOutcome>(
      asking.loop, {calls_, "commit_room"}, {},
      [&](sdk::BrokerReply<sdk::CommitOutcome> reply) {
        broker_.commit_room(asking.question.name, commit, std::move(reply));
      },
      [kept = std::move(kept), then](const sdk::CommitOutcome& outcome) {
        then(std::move(*kept),
             {peer::status_of(outcome.status), outcome.version, JoinResult(), true, {}});
      });
}

void SharedRooms::join(RoomTask&& task, OnOutcome then) {
  if (task.alone) return own_.join(std::move(task), then);
  behind_comers(std::move(task), then, &SharedRooms::join_shared);
}

void SharedRooms::join_shared(RoomTask&& task, OnOutcome then) {
  auto kept = keep(std::move(task));
  const RoomTask& asking = *kept;
  const Newcomer& newcomer = *asking.newcomer;
  const bool is_room = newcomer.into != Into::kNamespace;
  const sdk::RoomCommit commit = commit_of(asking);
  const sdk::JoinRequest request{asking.question.name,
                                 newcomer.peer,
                                 newcomer.object,
                                 is_room ? 0 : newcomer.max_namespace_size,
                                 page_size(newcomer, commit),
                                 is_room ? &commit : nullptr,
                                 newcomer.quiet,
                                 newcomer.watches};
  ask<sdk::JoinOutcome>(
      asking.loop, {calls_, "join"}, {},
      [&](sdk::BrokerReply<sdk::JoinOutcome> reply) { broker_.join(request, std::move(reply)); },
      [this, kept = std::move(kept), then](sdk::JoinOutcome outcome) {
        // The broker has entered it, and end_session() knew nothing of this membership.
        if (kept->newcomer_has_gone()) return withdraw(kept->question.name, kept->newcomer->peer);
        if (revision_ < 7) Others::forget_away(outcome.page);
        enter(std::move(*kept), outcome, then);
      });
}

void SharedRooms::enter(RoomTask&& task, const sdk::JoinOutcome& outcome, OnOutcome then) {
  RoomOutcome result;
  result.status = status_of(task, outcome.status);
  result.version = outcome.version;
  result.told_by_broker = true;
  if (result.status == Status::kDone) {
    const bool is_room = task.newcomer->into != Into::kNamespace;
    result.joined =
        // While the page's hold lives, within `outcome`, the broker tells nothing more of this
        // namespace: so there is no gap between the page and the news behind it.
        namespaces_.enter(task.question.name, joiner_of(task, false),
                          is_room ? &task.change : nullptr, outcome.page, page_limit(task));
    if (task.newcomer->quiet) show_alone(*task.newcomer, result.joined.page);
  }
  then(std::move(task), std::move(result));
}

RoomOutcome::Status SharedRooms::status_of(const RoomTask& task, sdk::JoinStatus status) {
  if (status == sdk::JoinStatus::kJoined) return Status::kDone;
  if (status == sdk::JoinStatus::kUnavailable) return Status::kUnavailable;
  if (status == sdk::JoinStatus::kClusterFull) return Status::kClusterFull;
  switch (task.newcomer->into) {
    case Into::kNewRoom:
      return Status::kExists;
    case Into::kRoom:
      return status == sdk::JoinStatus::kConflict ? Status::kConflict : Status::kGone;
    case Into::kNamespace:
      break;
  }
  if (status == sdk::JoinStatus::kFull) return Status::kFull;
  if (status == sdk::JoinStatus::kIsRoom) return Status::kIsRoom;
  calls_.fault("join", "answered a join of a namespace as one of a room");
  return Status::kUnavailable;
}

void SharedRooms::withdraw(std::string_view ns, const sdk::Registered& peer) {
  calls_.run("leave", [&] { broker_.leave(ns, peer); });
}

RoomStore::Left SharedRooms::leave(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
                                   const FrameRef& announcement, bool others_know, Time) {
  const std::string name = ns.name;  // whose last member this may be
  const LeaveResult left = namespaces_.leave(ns, joined, peer.peer, announcement, others_know);
  if (left.told.empty()) {
    withdraw(name, peer);
  } else {
    calls_.run("leave_told", [&] { broker_.leave_told(name, peer, left.told); });
  }
  return left.was_room ? Left::kSettle : Left::kNothing;
}

// A room without members waits at the broker.
std::optional<Time> SharedRooms::end_empty(Time) { return std::nullopt; }

void SharedRooms::list(EventLoop& loop, std::uint64_t after, std::uint32_t limit, OnPage then) {
  if (revision_ < 6) return own_.list(loop, after, limit, std::move(then));
  using Answer = std::optional<sdk::RoomPage>;
  ask<Answer>(
      loop, {calls_, "list_rooms"}, std::nullopt,
      [&](sdk::BrokerReply<Answer> reply) { broker_.list_rooms(after, limit, std::move(reply)); },
      [this, &loop, after, limit, then = std::move(then)](Answer answer) mutable {
        if (!answer) return own_.list(loop, after, limit, std::move(then));
        then(page_of(std::move(*answer), after, limit));
      });
}

RoomPage SharedRooms::page_of(sdk::RoomPage&& shared, std::uint64_t after, std::uint32_t limit) {
  RoomPage page;
  page.more = shared.more || shared.rooms.size() > limit;
  std::uint64_t last = after;
  for (sdk::ListedRoom& room : shared.rooms) {
    if (page.rooms.size() == limit) break;
    // A client that goes on behind the last one must get to an end.
    if (room.place < last || room.place == after) {
      calls_.fault("list_rooms", "listed rooms out of their order");
      page.more = false;
      break;
    }
    last = room.place;
    page.rooms.push_back({std::move(room.room_id),
                          {room.room.owner, room.room.max_size, std::move(room.room.state), true},
                          room.place,
                          room.members});
  }
  if (page.rooms.empty()) page.more = false;
  return page;
}

void SharedRooms::refresh(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
                          std::string_view object) {
  // The local view changes even if the broker cannot be reached; the broker keeps what it is told.
  own_.refresh(ns, joined, peer, object);
  calls_.run("update", [&] { broker_.update(ns.name, peer, object); });
}

void SharedRooms::watch(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
                        Watches watches) {
  own_.watch(ns, joined, peer, watches);
  if (revision_ >= 7) calls_.run("watch", [&] { broker_.watch(ns.name, peer, watches); });
}

}  // namespace peer
