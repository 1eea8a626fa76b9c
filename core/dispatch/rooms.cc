#include <algorithm>
#include <utility>

#include "core/dispatch/await.h"
#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/room/room_rules.h"

// Every change of a room is the same dance: read the room, ask its policy, commit if the room is
// still what was read, else again. The policy is pure, so asking it twice does no harm; and no
// lock is held while a plugin thinks.
namespace peer {
namespace {

constexpr int kMaxAttempts = 16;
const sdk::Value kNoFields{sdk::Value::Object()};

void wake_room(Node& node, EventLoop& loop, const std::string& name, std::uint64_t version);

// A verdict as the directory takes it: `room_updated` if it changes what members know (`before`:
// null for a new room), then what the policy wants said.
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

// After the change has been made: `version` is what the room is at now.
void finish_change(Node& node, EventLoop& loop, const std::string& name, const RoomVerdict& verdict,
                   std::uint64_t version) {
  if (verdict.wake_after.count() > 0) {
    loop.schedule(loop.now() + verdict.wake_after,
                  [&node, &loop, name, version] { wake_room(node, loop, name, version); });
  }
  loop.deliver_mail();
}

// Judges `request` on the room as it is and commits the verdict. `snapshot` is what was read, and
// is read anew when the room has changed. Nullopt: the room is gone, or never stands still.
std::optional<RoomVerdict> change_room(Node& node, EventLoop& loop, const std::string& name,
                                       RoomSnapshot snapshot, const sdk::RoomRequest& request) {
  // Who has gone must not stay the owner: that is settled however often others are quicker.
  const bool must_settle = request.action == sdk::RoomAction::kLeave;
  for (int attempt = 0; attempt < kMaxAttempts || must_settle; ++attempt) {
    RoomVerdict verdict =
        judge(*node.plugins.room_policy, node.room_calls, name, snapshot, request);
    if (verdict.failed && must_settle) {
      // A room must not be left to an owner who is gone: the guide's own rule stands in.
      verdict = RoomVerdict();
      verdict.room = snapshot.room;
      if (verdict.room.owner == request.actor) verdict.room.owner = snapshot.members.front();
    }
    if (verdict.failed || verdict.refusal) return verdict;
    const RoomChange change = change_of(name, verdict, &snapshot.room, loop.wall());
    if (node.namespaces.commit_room(name, snapshot.version, change)) {
      finish_change(node, loop, name, verdict, snapshot.version + 1);
      return verdict;
    }
    std::optional<RoomSnapshot> again = node.namespaces.room(name);
    if (!again) return std::nullopt;
    snapshot = std::move(*again);
  }
  return std::nullopt;
}

void wake_room(Node& node, EventLoop& loop, const std::string& name, std::uint64_t version) {
  std::optional<RoomSnapshot> snapshot = node.namespaces.room(name);
  if (!snapshot || snapshot->version != version) return;  // a later decision took over
  sdk::RoomRequest request{sdk::RoomAction::kTimer, {}, {}, {}, kNoFields, loop.wall()};
  change_room(node, loop, name, std::move(*snapshot), request);
}

bool is_member(const RoomSnapshot& snapshot, const Fingerprint& peer) {
  return std::find(snapshot.members.begin(), snapshot.members.end(), peer) !=
         snapshot.members.end();
}

// Answers for a verdict that is no consent; returns whether it was one.
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

void commit_creation(Node& node, Connection& connection, const std::string& id,
                     const std::string& name, const RoomVerdict& verdict) {
  Peer& peer = peer_of(connection);
  const std::string object = peer_object(peer, {}, {});
  Namespace* ns =
      node.namespaces.create_room(name, {connection.ref(), peer.fingerprint, object, FrameRef()},
                                  change_of(name, verdict, nullptr, connection.loop().wall()));
  if (ns == nullptr) return reply_error(connection, id, 409, "room already exists");
  peer.memberships.push_back({ns, 1, {}, {}, 0});
  insert(peer.namespaces, ns);
  reply_room(connection, "room_created", id, name, verdict.room, std::nullopt);
  finish_change(node, connection.loop(), name, verdict, 1);
}

// On the loop of the target. Returns false when it is no member any more.
bool remove_kicked(Node& node, EventLoop& loop, ConnectionRef where, const std::string& name,
                   const Fingerprint& by) {
  Connection* connection = loop.find(where);
  if (connection == nullptr) return false;
  Peer& target = peer_of(*connection);
  const Membership* membership = target.find(name);
  if (target.stage != Peer::Stage::kRegistered || membership == nullptr) return false;
  const auto index = static_cast<std::size_t>(membership - target.memberships.data());
  connection->send(kick_frame(by, target.fingerprint, name, loop.wall()));
  leave_namespace(node, *connection, index);
  loop.deliver_mail();
  return true;
}

void answer_kick(Connection& connection, const std::string& id, bool removed) {
  if (removed) return reply_ack(connection, id, 1, 0);
  reply_error(connection, id, 404, "peer not in room");
}

// A peer's memberships change on its own loop only: there the target is removed, and the owner's
// next messages wait for it.
void kick_on_its_loop(const Call& call, const std::string& name, ConnectionRef where) {
  Node& node = call.node;
  const Fingerprint by = call.peer.fingerprint;
  const std::string id(call.message.id);
  if (where.loop == call.loop().index()) {
    return answer_kick(call.connection, id, remove_kicked(node, call.loop(), where, name, by));
  }
  EventLoop& owners_loop = call.loop();
  EventLoop& targets_loop = node.loop_of(where);
  begin_operation(call.connection);
  targets_loop.post(
      [&node, &owners_loop, &targets_loop, where, name, by, id, owner = call.connection.ref()] {
        const bool removed = remove_kicked(node, targets_loop, where, name, by);
        owners_loop.post([&owners_loop, owner, id, removed] {
          Connection* connection = owners_loop.find(owner);
          if (connection == nullptr || connection->closing()) return;
          answer_kick(*connection, id, removed);
          end_operation(*connection);
        });
      });
}

}  // namespace

void handle_create_room(const Call& call) {
  CreateRoomRequest request;
  if (!call.read(request)) return;
  Node& node = call.node;
  const bool allowed = may_use_namespace(call.peer, request.room_id) &&
                       (call.peer.rights == nullptr || call.peer.rights->may_create_rooms);
  if (!allowed || matches_any(node.config.reserved_namespaces, request.room_id)) {
    return call.error(403, "not allowed");
  }
  if (node.namespaces.find(request.room_id) != nullptr)
    return call.error(409, "room already exists");
  const std::uint32_t most = node.config.max_namespaces_per_peer;
  if (most != 0 && call.peer.memberships.size() >= most) {
    return call.error(429, "too many namespaces");
  }
  if (state_size(call.peer) + 1024 + 2 * request.room_id.size() > node.config.max_peer_state) {
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
  await<bool>(
      call.connection, kAnswerDeadline, false,
      [&](sdk::BrokerReply<bool> answer) {
        return node.broker_calls.run("name_in_use", [&] {
          node.plugins.broker->name_in_use(request.room_id, std::move(answer));
        });
      },
      [&node, id = std::string(call.message.id), name = std::string(request.room_id),
       verdict = std::move(verdict)](Connection* still_there, bool in_use) {
        if (still_there == nullptr) return;
        if (in_use) return reply_error(*still_there, id, 409, "room already exists");
        commit_creation(node, *still_there, id, name, verdict);
      });
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

void join_room(Node& node, Connection& connection, const JoinDraft& draft,
               const std::string& object) {
  const Peer& peer = peer_of(connection);
  EventLoop& loop = connection.loop();
  const auto give_up = [&] {
    node.broker_calls.run("leave",
                          [&] { node.plugins.broker->leave(draft.ns, peer.registered()); });
  };
  const sdk::RoomRequest request{sdk::RoomAction::kJoin, peer.fingerprint, {}, {},
                                 draft.fields,           loop.wall()};
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::optional<RoomSnapshot> snapshot = node.namespaces.room(draft.ns);
    std::optional<RoomVerdict> verdict;
    if (snapshot) {
      verdict = judge(*node.plugins.room_policy, node.room_calls, draft.ns, *snapshot, request);
    }
    if (!consented(connection, draft.id, verdict)) return give_up();
    JoinResult result = node.namespaces.join_room(
        draft.ns,
        {connection.ref(), peer.fingerprint, object,
         peer_joined_frame(peer, draft.ns, object, loop.wall())},
        snapshot->version, change_of(draft.ns, *verdict, &snapshot->room, loop.wall()),
        {verdict->room.max_size, node.config.max_peer_list_size});
    if (result.status != JoinStatus::kJoined) continue;
    complete_join(connection, draft, std::move(result));
    return finish_change(node, loop, draft.ns, *verdict, snapshot->version + 1);
  }
  give_up();
  reply_error(connection, draft.id, 404, "room not found");
}

void settle_room(Node& node, EventLoop& loop, std::string name, RoomSnapshot snapshot,
                 const Fingerprint& gone) {
  const sdk::RoomRequest request{sdk::RoomAction::kLeave, gone, {}, {}, kNoFields, loop.wall()};
  change_room(node, loop, name, std::move(snapshot), request);
}

void handle_room_info(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  const std::optional<RoomSnapshot> room = call.node.namespaces.room(request.room_id);
  if (!room) return call.error(404, "room not found");
  reply_room(call.connection, "room_info", call.message.id, request.room_id, room->room,
             room->members.size());
}

void handle_kick(const Call& call) {
  KickRequest request;
  if (!call.read(request)) return;
  Node& node = call.node;
  const std::string name(request.room_id);
  std::optional<RoomSnapshot> room = node.namespaces.room(name);
  if (!room) return call.error(404, "room not found");
  const std::optional<Fingerprint> target = node.peers.resolve(request.target);
  if (!target || !is_member(*room, *target)) return call.error(404, "peer not in room");
  if (*target == call.peer.fingerprint) {  // kicking oneself is leaving
    const Membership* own = call.peer.find(name);
    leave_namespace(node, call.connection,
                    static_cast<std::size_t>(own - call.peer.memberships.data()));
    call.loop().deliver_mail();
    return call.ack();
  }
  const std::optional<RoomVerdict> verdict = change_room(
      node, call.loop(), name, std::move(*room),
      {sdk::RoomAction::kKick, call.peer.fingerprint, *target, {}, kNoFields, call.loop().wall()});
  if (!consented(call.connection, call.message.id, verdict)) return;
  const std::optional<ConnectionRef> where = node.peers.find(*target);
  if (!where) return call.error(404, "peer not in room");
  kick_on_its_loop(call, name, *where);
}

void handle_room_message(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  std::optional<RoomSnapshot> room = call.node.namespaces.room(request.room_id);
  if (!room) return call.error(404, "room not found");
  if (!is_member(*room, call.peer.fingerprint)) return call.error(403, "not in room");
  const std::optional<RoomVerdict> verdict =
      change_room(call.node, call.loop(), std::string(request.room_id), std::move(*room),
                  {sdk::RoomAction::kMessage,
                   call.peer.fingerprint,
                   {},
                   call.message.type_text,
                   request.fields,
                   call.loop().wall()});
  if (consented(call.connection, call.message.id, verdict)) call.ack();
}

}  // namespace peer
