#include "core/room/own_rooms.h"

#include <optional>
#include <string>
#include <utility>

#include "core/base/time.h"

// Rooms where the directory of this node is all that there is, or all that can be known. In: a
// task, on its loop. Out: the same task, within the call.
namespace peer {
namespace {

using Into = Newcomer::Into;
using Status = RoomOutcome::Status;

Status status_of(JoinStatus status) {
  switch (status) {
    case JoinStatus::kJoined:
      return Status::kDone;
    case JoinStatus::kFull:
      return Status::kFull;
    case JoinStatus::kIsRoom:
      return Status::kIsRoom;
    case JoinStatus::kGone:
      return Status::kGone;
    case JoinStatus::kConflict:
      return Status::kConflict;
  }
  return Status::kConflict;
}

}  // namespace

void OwnRooms::read(RoomTask&& task, OnView then) {
  RoomView view{namespaces_.room(task.question.name), elsewhere_ == Elsewhere::kNobody};
  then(std::move(task), std::move(view));
}

void OwnRooms::commit(RoomTask&& task, OnOutcome then) {
  RoomOutcome outcome;
  bool done = false;
  if (task.change.closes) {
    auto closed = namespaces_.close_room(task.question.name, task.based_on, task.change.posts);
    done = closed.has_value();
    if (done) outcome.closed = std::move(*closed);
  } else {
    done = namespaces_.commit_room(task.question.name, task.based_on, task.change);
  }
  outcome.status = done ? Status::kDone : Status::kConflict;
  outcome.version = task.based_on + 1;
  then(std::move(task), std::move(outcome));
}

void OwnRooms::join(RoomTask&& task, OnOutcome then) {
  RoomOutcome outcome = let_in(task);
  then(std::move(task), std::move(outcome));
}

RoomOutcome OwnRooms::let_in(const RoomTask& task) {
  const std::string& name = task.question.name;
  // Where others may exist, the newcomer has seen none of their members: it is shown them later.
  const Joiner joiner = joiner_of(task, elsewhere_ == Elsewhere::kMayBe);
  RoomOutcome outcome;
  outcome.version = task.based_on + 1;
  switch (task.newcomer->into) {
    case Into::kNamespace:
      outcome.joined =
          namespaces_.join(name, joiner, task.newcomer->max_namespace_size, page_limit(task));
      break;
    case Into::kRoom:
      outcome.joined =
          namespaces_.join_room(name, joiner, task.based_on, task.change, page_limit(task));
      break;
    case Into::kNewRoom:
      outcome.joined.ns = namespaces_.create_room(name, joiner, task.change);
      // The first member of a namespace has the number 1 (Namespace::next_join).
      outcome.joined.joined = 1;
      outcome.status = outcome.joined.ns != nullptr ? Status::kDone : Status::kExists;
      return outcome;
  }
  outcome.status = status_of(outcome.joined.status);
  if (task.newcomer->quiet) show_alone(*task.newcomer, outcome.joined.page);
  return outcome;
}

RoomStore::Left OwnRooms::leave(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
                                const FrameRef& announcement, bool, Time now) {
  const bool tells = events_ != nullptr && events_->wanted(EventKind::kRoom);
  const std::string name = tells ? ns.name : std::string();  // whose last member this may be
  const LeaveResult left = namespaces_.leave(ns, joined, peer.peer, announcement, false, now);
  if (left.waits) return Left::kWaits;
  if (tells && left.was_room && !left.room) tell_room(events_, name, "closed", wall_now());
  return left.room ? Left::kSettle : Left::kNothing;
}

std::optional<Time> OwnRooms::end_empty(Time now) {
  return namespaces_.end_empty(now, [this](const std::string& name) {
    const bool tells = events_ != nullptr && events_->wanted(EventKind::kRoom);
    if (tells) tell_room(events_, name, "closed", wall_now());
  });
}

void OwnRooms::list(EventLoop&, std::uint64_t after, std::uint32_t limit, OnPage then) {
  then(namespaces_.page_of_rooms(after, limit));
}

void OwnRooms::refresh(Namespace& ns, std::uint64_t joined, const sdk::Registered&,
                       std::string_view object) {
  namespaces_.refresh(ns, joined, object);
}

void OwnRooms::watch(Namespace& ns, std::uint64_t joined, const sdk::Registered&, Watches watches) {
  namespaces_.watch(ns, joined, watches);
}

}  // namespace peer
