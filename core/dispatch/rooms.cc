#include <utility>

#include "core/cluster/ask.h"
#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/dispatch/room_changes.h"

namespace peer {
namespace {

// Asks the policy on behalf of a peer, whose further messages wait; goes on with
// `then(connection, answer)` unless it has gone.
template <typename Then>
void change_room_for(const Call& call, RoomQuestion question, Then then) {
  Node& node = call.node;
  EventLoop& loop = call.loop();
  change_room(node, loop, std::move(question),
              [operation = Operation(call.connection),
               then = std::move(then)](const RoomAnswer& answer) mutable {
                if (Connection* still_there = operation.connection()) then(*still_there, answer);
              });
}

void answer_kick(Connection& connection, const std::string& id, bool removed) {
  if (removed) return reply_ack(connection, id, 1, 0);
  reply_error(connection, id, 404, "peer not in room");
}

// A peer's memberships change on its own loop only: there the target is removed, and the owner's
// next messages wait for it.
void kick_on_its_loop(Node& node, Connection& kicking, const std::string& id,
                      const std::string& name, const Fingerprint& target, ConnectionRef where) {
  EventLoop& owners_loop = kicking.loop();
  const FrameRef farewell =
      kick_frame(peer_of(kicking).fingerprint, target, name, owners_loop.wall());
  EventLoop& targets_loop = node.loop_of(where);
  if (&owners_loop == &targets_loop) {
    return answer_kick(kicking, id, remove_member(node, owners_loop, where, name, farewell));
  }
  targets_loop.post(
      [&node, &targets_loop, where, name, farewell, id, operation = Operation(kicking)]() mutable {
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
  RoomQuestion question{name, sdk::RoomAction::kKick, call.peer.fingerprint, target};
  change_room_for(call, std::move(question),
                  [&node = call.node, id = std::string(call.message.id), name, target](
                      Connection& connection, const RoomAnswer& answer) {
                    if (!consented(connection, id, answer.verdict)) return;
                    if (answer.shared) return answer_kick(connection, id, true);
                    const std::optional<ConnectionRef> where = node.peers.find(target);
                    if (!where) return answer_kick(connection, id, false);
                    kick_on_its_loop(node, connection, id, name, target, *where);
                  });
}

}  // namespace

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

void settle_room(Node& node, EventLoop& loop, std::string name, const Fingerprint& gone) {
  change_room(node, loop, {std::move(name), sdk::RoomAction::kLeave, gone},
              [](const RoomAnswer&) {});
}

void handle_room_info(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  const auto answer = [&node = call.node, id = std::string(call.message.id),
                       name = std::string(request.room_id)](Connection* still_there,
                                                            const sdk::RoomReading& reading) {
    if (still_there == nullptr) return;
    const std::optional<RoomSnapshot> room = believe(node, name, reading);
    if (!room) return reply_error(*still_there, id, 404, "room not found");
    reply_room(*still_there, "room_info", id, name, room->room, room->members.size());
  };
  if (call.node.broker_is_standalone) return answer(&call.connection, {});
  await<sdk::RoomReading>(
      call.connection, {call.node.broker_calls, "read_room"}, {},
      [&](sdk::BrokerReply<sdk::RoomReading> reply) {
        call.node.plugins.broker->read_room(request.room_id, std::move(reply));
      },
      answer);
}

void handle_kick(const Call& call) {
  KickRequest request;
  if (!call.read(request)) return;
  const std::string name(request.room_id);
  const std::optional<Fingerprint> target = call.node.peers.resolve(request.target);
  if (target || call.node.broker_is_standalone) {
    // Nobody's alias is nobody's fingerprint: "room not found" comes first.
    return kick(call, name, target.value_or(Fingerprint()));
  }
  resolve_elsewhere(call, {request.target},
                    [name](const Call& later, const sdk::ResolveOutcome& outcome) {
                      kick(later, name, outcome.holders.front().value_or(Fingerprint()));
                    });
}

void handle_room_message(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  RoomQuestion question{std::string(request.room_id), sdk::RoomAction::kMessage,
                        call.peer.fingerprint};
  question.message_type = call.message.type_text;
  question.fields = std::move(request.fields);
  change_room_for(
      call, std::move(question),
      [id = std::string(call.message.id)](Connection& connection, const RoomAnswer& answer) {
        if (consented(connection, id, answer.verdict)) reply_ack(connection, id, 0, 0);
      });
}

}  // namespace peer
