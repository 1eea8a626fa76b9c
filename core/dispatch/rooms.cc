#include <utility>

#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/wire/notices.h"

// What clients ask of rooms. Each request becomes a task of Rooms (core/room/rooms.h), which asks
// the policy and changes the room wherever it is kept; here it is read, and answered.
namespace peer {
namespace {

// A question of a peer, whose further messages wait. Goes on with `then(connection, answer)` unless
// the peer has gone, or the question is refused.
template <typename Then>
RoomTask task_for(const Call& call, RoomQuestion question, Then then) {
  return {call.loop(), std::move(question),
          [operation = Operation(call.connection), id = std::string(call.message.id),
           then = std::move(then)](RoomAnswer& answer) mutable {
            Connection* still_there = operation.connection();
            if (still_there == nullptr) return;
            if (answer.refusal) return reply_refusal(*still_there, id, *answer.refusal);
            then(*still_there, id, answer);
          }};
}

RoomQuestion question_of(const Call& call, std::string_view room, sdk::RoomAction action) {
  return {std::string(room), action, call.peer.fingerprint};
}

void answer_kick(Connection& connection, const std::string& id, bool removed) {
  if (removed) return reply_ack(connection, id, 1, 0);
  reply_error(connection, id, 404, "peer not in room");
}

// A peer's memberships change on its own loop only: there the target is removed, and the owner's
// next messages wait for it.
void kick_on_its_loop(Node& node, Connection& kicking, const std::string& id,
                      const std::string& name, const Fingerprint& target) {
  const std::optional<ConnectionRef> where = node.peers.find(target);
  if (!where) return answer_kick(kicking, id, false);
  EventLoop& owners_loop = kicking.loop();
  const FrameRef farewell =
      kick_frame(peer_of(kicking).fingerprint, target, name, owners_loop.wall());
  EventLoop& targets_loop = node.loop_of(*where);
  if (&owners_loop == &targets_loop) {
    return answer_kick(kicking, id, remove_member(node, owners_loop, *where, name, farewell));
  }
  targets_loop.post([&node, &targets_loop, where = *where, name, farewell, id,
                     operation = Operation(kicking)]() mutable {
    const bool removed = remove_member(node, targets_loop, where, name, farewell);
    operation.loop().post([operation = std::move(operation), id = std::move(id), removed] {
      if (Connection* owner = operation.connection()) answer_kick(*owner, id, removed);
    });
  });
}

void kick(const Call& call, const std::string& name, const Fingerprint& target) {
  if (target == call.peer.fingerprint) {
    if (const Membership* own = call.peer.find(name)) {  // kicking oneself is leaving
      leave_namespace(call.node, call.connection,
                      static_cast<std::size_t>(own - call.peer.memberships.data()));
      call.loop().deliver_mail();
      return call.ack();
    }
  }
  RoomQuestion question = question_of(call, name, sdk::RoomAction::kKick);
  question.target = target;
  call.node.rooms.ask(
      task_for(call, std::move(question),
               [&node = call.node, target](Connection& connection, const std::string& id,
                                           const RoomAnswer& answer) {
                 if (answer.told_by_broker) return answer_kick(connection, id, true);
                 kick_on_its_loop(node, connection, id, std::string(answer.name), target);
               }));
}

bool may_create(const Call& call, const CreateRoomRequest& request) {
  const bool allowed = may_use_namespace(call.peer, request.room_id) &&
                       (call.peer.rights == nullptr || call.peer.rights->may_create_rooms);
  if (!allowed || matches_any(call.node.config().reserved_namespaces, request.room_id)) {
    call.error(403, "not allowed");
    return false;
  }
  if (call.node.namespaces.find(request.room_id) != nullptr) {
    call.error(409, "room already exists");
    return false;
  }
  const std::uint32_t most = call.node.config().max_namespaces_per_peer;
  if (most != 0 && call.peer.memberships.size() >= most) {
    call.error(429, "too many namespaces");
    return false;
  }
  if (state_size(call.peer) + 1024 + 2 * request.room_id.size() >
      call.node.config().max_peer_state) {
    call.error(429, "too much state");
    return false;
  }
  return true;
}

}  // namespace

void reply_refusal(Connection& connection, std::string_view id, const sdk::RoomRefusal& refusal) {
  reply_error(connection, id, refusal.code, refusal.message);
}

void handle_create_room(const Call& call) {
  CreateRoomRequest request;
  if (!call.read(request) || !may_create(call, request)) return;
  RoomQuestion question = question_of(call, request.room_id, sdk::RoomAction::kCreate);
  question.fields = std::move(request.fields);
  RoomTask task = task_for(
      call, std::move(question),
      [&node = call.node, holds_alias = call.peer.holds_alias](
          Connection& connection, const std::string& id, const RoomAnswer& answer) {
        enter_membership(node, peer_of(connection), {.holds_alias = holds_alias}, answer.joined);
        reply_room(connection, "room_created", id, answer.name, answer.room, std::nullopt);
        connection.loop().deliver_mail();
      });
  task.newcomer =
      newcomer_of(call, Newcomer::Into::kNewRoom, request.room_id, peer_object(call.peer, {}, {}));
  call.node.rooms.ask(std::move(task));
}

void handle_join_room(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  start_join(call, request.room_id, {.room_only = true}, std::move(request.fields));
}

void handle_room_info(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  call.node.rooms.look(
      task_for(call, {std::string(request.room_id)},
               [](Connection& connection, const std::string& id, const RoomAnswer& answer) {
                 reply_room(connection, "room_info", id, answer.name, answer.room, answer.members);
               }));
}

void handle_kick(const Call& call) {
  KickRequest request;
  if (!call.read(request)) return;
  const std::string name(request.room_id);
  const std::optional<Fingerprint> target = call.node.peers.resolve(request.target);
  if (target) return kick(call, name, *target);
  resolve_elsewhere(call, {&request.target, 1},
                    [name](const Call& later, const sdk::ResolveOutcome& outcome) {
                      // Nobody's alias is nobody's fingerprint: "room not found" comes first.
                      kick(later, name, outcome.holders.front().value_or(Fingerprint()));
                    });
}

void handle_room_message(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  RoomQuestion question = question_of(call, request.room_id, sdk::RoomAction::kMessage);
  question.message_type = call.message.type_text;
  question.fields = std::move(request.fields);
  call.node.rooms.ask(task_for(call, std::move(question),
                               [](Connection& connection, const std::string& id,
                                  const RoomAnswer&) { reply_ack(connection, id, 0, 0); }));
}

// On the loop of the target. Returns false when it is no member any more.
bool remove_member(Node& node, EventLoop& loop, ConnectionRef where, const std::string& name,
                   const FrameRef& farewell) {
  Connection* connection = loop.find(where);
  if (connection == nullptr) return false;
  Peer& target = peer_of(*connection);
  const Membership* membership = target.find(name);
  if (target.stage != Peer::Stage::kRegistered || membership == nullptr) return false;
  const auto index = static_cast<std::size_t>(membership - target.memberships.data());
  connection->send(farewell);
  leave_namespace(node, *connection, index);
  loop.deliver_mail();
  return true;
}

}  // namespace peer
