#include "core/dispatch/room_changes.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/cluster/ask.h"
#include "core/dispatch/replies.h"

namespace peer {
namespace {

// Who has gone must not stay the owner: that is settled however often others are quicker, but a
// broker that never agrees comes to an end too.
constexpr int kMaxSettleAttempts = 256;

int attempts_for(const RoomQuestion& question) {
  return question.action == sdk::RoomAction::kLeave ? kMaxSettleAttempts : kMaxRoomAttempts;
}

bool is_member(const RoomSnapshot& room, const Fingerprint& peer) {
  return std::find(room.members.begin(), room.members.end(), peer) != room.members.end();
}

sdk::RoomRefusal not_in_room() { return {404, "peer not in room"}; }

std::optional<sdk::RoomRefusal> refusal_of(const RoomSnapshot& room, const RoomQuestion& question) {
  if (question.action == sdk::RoomAction::kKick && !is_member(room, question.target)) {
    return not_in_room();
  }
  if (question.action == sdk::RoomAction::kMessage && !is_member(room, question.actor)) {
    return sdk::RoomRefusal{403, "not in room"};
  }
  return std::nullopt;
}

RoomVerdict decide(Node& node, const RoomSnapshot& room, const RoomQuestion& question,
                   sdk::Instant now) {
  RoomVerdict verdict;
  verdict.refusal = refusal_of(room, question);
  if (verdict.refusal) return verdict;
  verdict = judge(*node.plugins.room_policy, node.room_calls, question.name, room,
                  {question.action, question.actor, question.target, question.message_type,
                   question.fields, now});
  if (verdict.failed && question.action == sdk::RoomAction::kLeave) {
    // A room must not be left to an owner who is gone: the guide's own rule stands in.
    verdict = RoomVerdict();
    verdict.room = room.room;
    if (verdict.room.owner == question.actor) verdict.room.owner = room.members.front();
  }
  return verdict;
}

// In the node's own directory.
std::optional<RoomVerdict> change_here(Node& node, EventLoop& loop, const RoomQuestion& question) {
  for (int attempt = 0; attempt < attempts_for(question); ++attempt) {
    const std::optional<RoomSnapshot> room = node.namespaces.room(question.name);
    if (!room) return std::nullopt;
    RoomVerdict verdict = decide(node, *room, question, loop.wall());
    if (verdict.failed || verdict.refusal) return verdict;
    const RoomChange change = change_of(question.name, verdict, &room->room, loop.wall());
    if (node.namespaces.commit_room(question.name, room->version, change)) {
      finish_change(node, loop, question.name, verdict.wake_after, room->version + 1);
      return verdict;
    }
  }
  RoomVerdict busy;
  busy.refusal = room_busy();
  return busy;
}

// A change through the broker, shared by the steps of it.
struct SharedChange {
  Node& node;
  EventLoop& loop;
  const RoomQuestion question;
  UniqueTask<void(const RoomAnswer&)> done;
  int attempts = 0;

  void end_here() { done({change_here(node, loop, question), false}); }
  void end(std::optional<RoomVerdict> verdict) { done({std::move(verdict), true}); }
};
using SharedChangePtr = std::shared_ptr<SharedChange>;

void attempt(const SharedChangePtr& change);

void conclude(const SharedChangePtr& change, RoomVerdict verdict,
              const sdk::CommitOutcome& outcome) {
  switch (outcome.status) {
    case sdk::CommitStatus::kCommitted:
      finish_change(change->node, change->loop, change->question.name, verdict.wake_after,
                    outcome.version);
      return change->end(std::move(verdict));
    case sdk::CommitStatus::kConflict:
      if (++change->attempts < attempts_for(change->question)) return attempt(change);
      verdict.refusal = room_busy();
      return change->end(std::move(verdict));
    case sdk::CommitStatus::kGone:
      return change->end(std::nullopt);
    case sdk::CommitStatus::kNotMember:
      verdict.refusal = not_in_room();
      return change->end(std::move(verdict));
    case sdk::CommitStatus::kUnavailable:
      return change->end_here();
  }
}

void commit(const SharedChangePtr& change, const RoomSnapshot& room, const RoomVerdict& verdict) {
  const RoomQuestion& question = change->question;
  sdk::RoomCommit commit =
      commit_of(change_of(question.name, verdict, &room.room, change->loop.wall()), room.version);
  if (question.action == sdk::RoomAction::kKick) {
    commit.kicked = question.target;
    commit.by = question.actor;
  }
  ask<sdk::CommitOutcome>(
      change->loop, {change->node.broker_calls, "commit_room"}, {},
      [&](sdk::BrokerReply<sdk::CommitOutcome> answer) {
        change->node.plugins.broker->commit_room(question.name, commit, std::move(answer));
      },
      [change, verdict](const sdk::CommitOutcome& outcome) { conclude(change, verdict, outcome); });
}

void attempt(const SharedChangePtr& change) {
  ask<sdk::RoomReading>(
      change->loop, {change->node.broker_calls, "read_room"}, {},
      [&](sdk::BrokerReply<sdk::RoomReading> answer) {
        change->node.plugins.broker->read_room(change->question.name, std::move(answer));
      },
      [change](const sdk::RoomReading& reading) {
        const RoomQuestion& question = change->question;
        const std::optional<RoomSnapshot> room = believe(change->node, question.name, reading);
        if (!room || room->members.empty()) return change->end(std::nullopt);
        if (reading.known && question.version && room->version != *question.version) {
          return change->end(std::nullopt);  // a later decision took over
        }
        RoomVerdict verdict = decide(change->node, *room, question, change->loop.wall());
        if (verdict.failed || verdict.refusal) return change->end(std::move(verdict));
        commit(change, *room, verdict);
      });
}

void wake_room(Node& node, EventLoop& loop, const std::string& name, std::uint64_t version) {
  if (node.broker_is_standalone) {
    const std::optional<RoomSnapshot> room = node.namespaces.room(name);
    if (!room || room->version != version) return;  // a later decision took over
  }
  RoomQuestion question{name, sdk::RoomAction::kTimer};
  question.version = version;
  change_room(node, loop, std::move(question), [](const RoomAnswer&) {});
}

}  // namespace

void change_room(Node& node, EventLoop& loop, RoomQuestion question,
                 UniqueTask<void(const RoomAnswer&)> done) {
  if (node.broker_is_standalone) return done({change_here(node, loop, question), false});
  attempt(std::make_shared<SharedChange>(
      SharedChange{node, loop, std::move(question), std::move(done)}));
}

RoomChange change_of(const std::string& name, const RoomVerdict& verdict, const Room* before,
                     sdk::Instant now) {
  RoomChange change{verdict.room, {}};
  const bool updated = before != nullptr && (before->owner != verdict.room.owner ||
                                             before->max_size != verdict.room.max_size);
  if (updated) change.posts.push_back({std::nullopt, room_updated_frame(name, verdict.room, now)});
  for (const sdk::RoomMessage& message : verdict.messages) {
    change.posts.push_back(
        {message.to, room_message_frame(name, message.type, message.payload, now)});
  }
  return change;
}

sdk::RoomCommit commit_of(const RoomChange& change, std::uint64_t version) {
  sdk::RoomCommit commit;
  commit.version = version;
  commit.room = {change.room.owner, change.room.max_size, change.room.state};
  for (const RoomPost& post : change.posts) {
    commit.posts.push_back({post.to, std::string(text_of(post.frame))});
  }
  return commit;
}

std::optional<RoomSnapshot> believe(Node& node, std::string_view name,
                                    const sdk::RoomReading& reading) {
  if (!reading.known) return node.namespaces.room(name);
  if (!reading.room) return std::nullopt;
  const sdk::RoomRecord& record = *reading.room;
  return RoomSnapshot{nullptr,
                      {record.room.owner, record.room.max_size, record.room.state},
                      record.version,
                      record.members};
}

void finish_change(Node& node, EventLoop& loop, const std::string& name, milliseconds wake_after,
                   std::uint64_t version) {
  if (wake_after.count() > 0) {
    loop.schedule(loop.now() + wake_after,
                  [&node, &loop, name, version] { wake_room(node, loop, name, version); });
  }
  loop.deliver_mail();
}

bool consented(Connection& connection, std::string_view id,
               const std::optional<RoomVerdict>& verdict) {
  if (!verdict) {
    reply_error(connection, id, 404, "room not found");
  } else if (verdict->failed) {
    reply_error(connection, id, 500, "internal error");
  } else if (verdict->refusal) {
    reply_error(connection, id, verdict->refusal->code, verdict->refusal->message);
  } else {
    return true;
  }
  return false;
}

}  // namespace peer
