#include <memory>
#include <utility>

#include "core/cluster/ask.h"
#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/dispatch/room_changes.h"

// Into a room, or into a new one: what the policy consents to is committed together with the
// membership, by the broker for all nodes or in the node's own directory.
namespace peer {
namespace {

// A creation or a join on its way through the broker, shared by the steps of it.
struct SharedJoin {
  Node& node;
  const JoinDraft draft;
  const std::string object;
  const sdk::Registered peer;
  int attempts = 0;
};
using SharedJoinPtr = std::shared_ptr<SharedJoin>;

PageLimit page_limit(const Node& node, const JoinDraft& draft, const Room& room) {
  return page_limit(node, draft.id, draft.ns, room);
}

RoomVerdict judge_join(Node& node, Connection& connection, const JoinDraft& draft,
                       const RoomSnapshot& room) {
  return judge(*node.plugins.room_policy, node.room_calls, draft.ns, room,
               {sdk::RoomAction::kJoin,
                peer_of(connection).fingerprint,
                {},
                {},
                draft.fields,
                connection.loop().wall()});
}

// Joins with a change of the room; `then(connection, outcome)` as with await().
template <typename Then>
void join_with(const SharedJoinPtr& join, Connection& connection, const sdk::RoomCommit& commit,
               Then then) {
  await<sdk::JoinOutcome>(
      connection, {join->node.broker_calls, "join"}, {},
      [&](sdk::BrokerReply<sdk::JoinOutcome> answer) {
        const sdk::JoinRequest request{join->draft.ns,       join->peer, join->object, 0,
                                       commit.room.max_size, &commit};
        join->node.plugins.broker->join(request, std::move(answer));
      },
      std::move(then));
}

void answer_creation(Node& node, Connection& connection, const JoinDraft& draft,
                     const RoomVerdict& verdict, const JoinResult& result, std::uint64_t version) {
  enter_membership(node, peer_of(connection), draft, result);
  reply_room(connection, "room_created", draft.id, draft.ns, verdict.room, std::nullopt);
  finish_change(node, connection.loop(), draft.ns, verdict.wake_after, version);
}

void create_here(Node& node, Connection& connection, const JoinDraft& draft,
                 const std::string& object, const RoomVerdict& verdict) {
  Namespace* ns =
      node.namespaces.create_room(draft.ns, lone_joiner_of(node, connection, draft.ns, object),
                                  change_of(draft.ns, verdict, nullptr, connection.loop().wall()));
  if (ns == nullptr) {
    tell_left(node, draft.ns, peer_of(connection).registered());
    return reply_error(connection, draft.id, 409, "room already exists");
  }
  answer_creation(node, connection, draft, verdict, {JoinStatus::kJoined, ns, 1, {}}, 1);
}

void create_shared(const SharedJoinPtr& join, Connection& connection, const RoomVerdict& verdict) {
  const RoomChange change = change_of(join->draft.ns, verdict, nullptr, connection.loop().wall());
  join_with(join, connection, commit_of(change, 0),
            [join, verdict, change](Connection* still_there, const sdk::JoinOutcome& outcome) {
              Node& node = join->node;
              const JoinDraft& draft = join->draft;
              if (still_there == nullptr) return tell_left(node, draft.ns, join->peer);
              if (outcome.status == sdk::JoinStatus::kUnavailable) {
                return create_here(node, *still_there, draft, join->object, verdict);
              }
              if (outcome.status != sdk::JoinStatus::kJoined) {
                return reply_error(*still_there, draft.id, 409, "room already exists");
              }
              answer_creation(node, *still_there, draft, verdict,
                              node.namespaces.enter(
                                  draft.ns, joiner_of(*still_there, draft.ns, join->object),
                                  &change, outcome.page, page_limit(node, draft, change.room)),
                              outcome.version);
            });
}

void refuse(Connection& connection, std::string_view id, const sdk::RoomRefusal& refusal) {
  reply_error(connection, id, refusal.code, refusal.message);
}

void read_and_join(const SharedJoinPtr& join, Connection& connection);

void conclude(const SharedJoinPtr& join, Connection& connection, const RoomVerdict& verdict,
              const RoomChange& change, const sdk::JoinOutcome& outcome) {
  Node& node = join->node;
  const JoinDraft& draft = join->draft;
  switch (outcome.status) {
    case sdk::JoinStatus::kJoined:
      complete_join(
          node, connection, draft,
          node.namespaces.enter(draft.ns, joiner_of(connection, draft.ns, join->object), &change,
                                outcome.page, page_limit(node, draft, change.room)));
      return finish_change(node, connection.loop(), draft.ns, verdict.wake_after, outcome.version);
    case sdk::JoinStatus::kConflict:
      if (++join->attempts < kMaxRoomAttempts) return read_and_join(join, connection);
      return refuse(connection, draft.id, room_busy());
    case sdk::JoinStatus::kUnavailable:
      return join_room_here(node, connection, draft, join->object);
    case sdk::JoinStatus::kGone:
    case sdk::JoinStatus::kFull:
    case sdk::JoinStatus::kIsRoom:
    case sdk::JoinStatus::kExists:
      break;
  }
  reply_error(connection, draft.id, 404, "room not found");
}

void ask_and_join(const SharedJoinPtr& join, Connection& connection,
                  const std::optional<RoomSnapshot>& room) {
  std::optional<RoomVerdict> verdict;
  if (room) verdict = judge_join(join->node, connection, join->draft, *room);
  if (!consented(connection, join->draft.id, verdict)) return;
  const RoomChange change =
      change_of(join->draft.ns, *verdict, &room->room, connection.loop().wall());
  join_with(
      join, connection, commit_of(change, room->version),
      [join, verdict = *verdict, change](Connection* still_there, const sdk::JoinOutcome& outcome) {
        if (still_there == nullptr) return tell_left(join->node, join->draft.ns, join->peer);
        conclude(join, *still_there, verdict, change, outcome);
      });
}

void read_and_join(const SharedJoinPtr& join, Connection& connection) {
  await<sdk::RoomReading>(
      connection, {join->node.broker_calls, "read_room"}, {},
      [&](sdk::BrokerReply<sdk::RoomReading> answer) {
        join->node.plugins.broker->read_room(join->draft.ns, std::move(answer));
      },
      [join](Connection* still_there, const sdk::RoomReading& reading) {
        if (still_there == nullptr) return;
        ask_and_join(join, *still_there, believe(join->node, join->draft.ns, reading));
      });
}

}  // namespace

void handle_create_room(const Call& call) {
  CreateRoomRequest request;
  if (!call.read(request)) return;
  Node& node = call.node;
  const bool allowed = may_use_namespace(call.peer, request.room_id) &&
                       (call.peer.rights == nullptr || call.peer.rights->may_create_rooms);
  if (!allowed || matches_any(node.config().reserved_namespaces, request.room_id)) {
    return call.error(403, "not allowed");
  }
  if (node.namespaces.find(request.room_id) != nullptr)
    return call.error(409, "room already exists");
  const std::uint32_t most = node.config().max_namespaces_per_peer;
  if (most != 0 && call.peer.memberships.size() >= most) {
    return call.error(429, "too many namespaces");
  }
  if (state_size(call.peer) + 1024 + 2 * request.room_id.size() > node.config().max_peer_state) {
    return call.error(429, "too much state");
  }

  RoomVerdict verdict =
      judge(*node.plugins.room_policy, node.room_calls, request.room_id, RoomSnapshot(),
            {sdk::RoomAction::kCreate,
             call.peer.fingerprint,
             {},
             {},
             request.fields,
             call.loop().wall()});
  if (!consented(call.connection, call.message.id, verdict)) return;
  JoinDraft draft;
  draft.id = call.message.id;
  draft.ns = request.room_id;
  draft.holds_alias = call.peer.holds_alias;
  std::string object = peer_object(call.peer, {}, {});
  if (node.broker_is_standalone) {
    return create_here(node, call.connection, draft, object, verdict);
  }
  create_shared(std::make_shared<SharedJoin>(
                    SharedJoin{node, std::move(draft), std::move(object), call.peer.registered()}),
                call.connection, verdict);
}

void handle_join_room(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  JoinDraft draft;
  draft.id = call.message.id;
  draft.ns = request.room_id;
  draft.fields = std::move(request.fields);
  draft.room_only = true;
  start_join(call.node, call.connection, std::move(draft));
}

void join_room(Node& node, Connection& connection, JoinDraft draft, std::string object) {
  const sdk::Registered registered = peer_of(connection).registered();
  read_and_join(std::make_shared<SharedJoin>(
                    SharedJoin{node, std::move(draft), std::move(object), registered}),
                connection);
}

void join_room_here(Node& node, Connection& connection, const JoinDraft& draft,
                    const std::string& object) {
  const auto give_up = [&] { tell_left(node, draft.ns, peer_of(connection).registered()); };
  for (int attempt = 0; attempt < kMaxRoomAttempts; ++attempt) {
    const std::optional<RoomSnapshot> room = node.namespaces.room(draft.ns);
    std::optional<RoomVerdict> verdict;
    if (room) verdict = judge_join(node, connection, draft, *room);
    if (!consented(connection, draft.id, verdict)) return give_up();
    JoinResult result = node.namespaces.join_room(
        draft.ns, lone_joiner_of(node, connection, draft.ns, object), room->version,
        change_of(draft.ns, *verdict, &room->room, connection.loop().wall()),
        page_limit(node, draft, verdict->room));
    if (result.status != JoinStatus::kJoined) continue;
    complete_join(node, connection, draft, std::move(result));
    return finish_change(node, connection.loop(), draft.ns, verdict->wake_after, room->version + 1);
  }
  give_up();
  refuse(connection, draft.id, room_busy());
}

}  // namespace peer
