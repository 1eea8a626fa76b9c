#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/dispatch/handlers.h"
#include "core/session/replies.h"
#include "core/wire/notices.h"

// What clients ask of rooms. Each request becomes a task of Rooms (core/room/rooms.h), which asks
// the policy and changes the room wherever it is kept; here it is read, and answered.
namespace peer {
namespace {

// A question of a peer, whose further messages wait. Goes on with `then(session, id, answer)`
// unless the peer has gone, or the question is refused.
template <typename Then>
RoomTask task_for(const Call& call, RoomQuestion question, Then then) {
  return {call.loop(), std::move(question),
          [operation = call.session.hold(), id = std::string(call.message.id),
           then = std::move(then)](RoomAnswer& answer) mutable {
            Session* there = session_of(operation);
            if (there == nullptr) return;
            if (answer.refusal) return reply_refusal(*there, id, *answer.refusal);
            then(*there, id, answer);
          }};
}

void answer_kick(Session& session, const std::string& id, bool removed) {
  if (removed) return reply_ack(session, id, 1, 0);
  reply_error(session, id, 404, "peer not in room");
}

// Who goes with a message of the policy may have gone by itself: that changes nothing for the
// sender.
void answer_message(Session& session, const std::string& id, bool removed) {
  reply_ack(session, id, removed ? 1 : 0, 0);
}

using AnswerRemoval = void (*)(Session& session, const std::string& id, bool removed);

// A peer's memberships change on its own loop only: there the target is removed, and the owner's
// next messages wait for it.
void kick_on_its_loop(Node& node, Session& kicking, const std::string& id, const std::string& name,
                      const Fingerprint& target, AnswerRemoval answer) {
  // The policy has allowed the kick, but the target may have gone since.
  const std::optional<SessionRef> where = node.peers.find(target);
  if (!where) return answer(kicking, id, false);
  EventLoop& owners_loop = kicking.loop();
  const FrameRef farewell = kick_frame(kicking.fingerprint, target, name, owners_loop.wall());
  EventLoop& targets_loop = node.loop_of(*where);
  if (&owners_loop == &targets_loop) {
    return answer(kicking, id, remove_member(node, *where, name, farewell));
  }
  targets_loop.post([&node, where = *where, name, farewell, id = std::string(id),
                     operation = kicking.hold(), answer]() mutable {
    const bool removed = remove_member(node, where, name, farewell);
    EventLoop& loop = operation.loop();
    loop.post([operation = std::move(operation), id = std::move(id), removed, answer] {
      if (Session* owner = session_of(operation)) answer(*owner, id, removed);
    });
  });
}

// What a change of a room removes, where it has not been removed with it.
void complete_removal(Node& node, Session& session, const std::string& id, const RoomAnswer& answer,
                      AnswerRemoval then) {
  // The broker tells the target's node, which removes the target (NodeHost::kicked).
  if (!answer.removed || answer.told_by_broker) {
    return then(session, id, answer.removed.has_value());
  }
  kick_on_its_loop(node, session, id, std::string(answer.name), *answer.removed, then);
}

void kick(const Call& call, const std::string& name, const Fingerprint& target) {
  if (target == call.session.fingerprint) {
    if (const Membership* own = call.session.find(name)) {  // kicking oneself is leaving
      leave_namespace(call.node, call.session,
                      static_cast<std::size_t>(own - call.session.memberships.data()));
      call.loop().deliver_mail();
      return call.ack();
    }
  }
  RoomQuestion question = question_of(call, name, sdk::RoomAction::kKick);
  question.target = target;
  call.node.rooms.ask(task_for(
      call, std::move(question),
      [&node = call.node](Session& session, const std::string& id, const RoomAnswer& answer) {
        complete_removal(node, session, id, answer, answer_kick);
      }));
}

// Whether the room's policy takes the fields; else it has been answered.
bool accepts_fields(const Call& call, RoomQuestion& question) {
  const auto refusal = call.node.rooms.check(question, call.loop().wall());
  if (refusal) reply_refusal(call.session, call.message.id, *refusal);
  return !refusal;
}

bool may_create(const Call& call, const CreateRoomRequest& request) {
  const bool may_watch = request.watches == Watches() || shows_members(call.node, request.room_id);
  const bool allowed = may_join(call.session, request.room_id) && may_watch &&
                       (call.session.rights == nullptr || call.session.rights->may_create_rooms);
  if (!allowed || matches_any(call.node.config().reserved_namespaces, request.room_id)) {
    call.error(403, "not allowed");
    return false;
  }
  // This spares the policy a question whose answer is known. It is no reservation: the store looks
  // again when it creates the room.
  if (call.node.namespaces.find(request.room_id) != nullptr) {
    call.error(409, "room already exists");
    return false;
  }
  const std::uint32_t most = call.node.config().max_namespaces_per_peer;
  if (most != 0 && call.session.memberships.size() >= most) {
    call.error(429, "too many namespaces");
    return false;
  }
  if (state_size(call.session) + 1024 + 2 * request.room_id.size() >
      call.node.config().max_peer_state) {
    call.error(429, "too much state");
    return false;
  }
  return true;
}

}  // namespace

void handle_create_room(const Call& call) {
  CreateRoomRequest request;
  if (!call.read(request)) return;
  RoomQuestion question = question_of(call, request.room_id, sdk::RoomAction::kCreate);
  question.fields = std::move(request.fields);
  if (!accepts_fields(call, question) || !may_create(call, request)) return;
  RoomTask task = task_for(
      call, std::move(question),
      [&node = call.node, holds_alias = call.session.holds_alias, watches = request.watches](
          Session& session, const std::string& id, const RoomAnswer& answer) {
        enter_membership(node, session, {.watches = watches, .holds_alias = holds_alias},
                         answer.joined);
        reply_room(session, "room_created", id, answer.name, answer.room, std::nullopt);
        session.loop().deliver_mail();
      });
  task.newcomer = newcomer_of(call, Newcomer::Into::kNewRoom, request.room_id,
                              peer_object(call.session, {}, {}));
  task.newcomer->watches = request.watches;
  call.node.rooms.ask(std::move(task));
}

void handle_join_room(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  RoomQuestion question = question_of(call, request.room_id, sdk::RoomAction::kJoin);
  question.fields = std::move(request.fields);
  if (!accepts_fields(call, question)) return;
  start_join(call, {.room_only = true, .watches = request.watches},
             {call.loop(), std::move(question)});
}

void handle_room_info(const Call& call) {
  RoomRequest request;
  if (!call.read(request)) return;
  if (!may_enter(call.session, request.room_id)) return call.error(403, "not allowed");
  call.node.rooms.look(
      task_for(call, {std::string(request.room_id)},
               [](Session& session, const std::string& id, const RoomAnswer& answer) {
                 reply_room(session, "room_info", id, answer.name, answer.room, answer.members);
               }));
}

void handle_kick(const Call& call) {
  KickRequest request;
  if (!call.read(request)) return;
  if (!may_enter(call.session, request.room_id)) return call.error(403, "not allowed");
  const std::string name(request.room_id);
  const std::optional<Fingerprint> target = call.node.peers.resolve(request.target);
  if (target) return kick(call, name, *target);
  resolve_elsewhere(call, {&request.target, 1},
                    [name](const Call& later, const sdk::ResolveOutcome& outcome) {
                      // Nobody's alias is nobody's fingerprint: "room not found" comes first.
                      kick(later, name, outcome.holders.front().value_or(Fingerprint()));
                    });
}

void handle_room_message(const Call& call, const std::vector<std::size_t>& answered_by) {
  RoomRequest request;
  if (!call.read(request)) return;
  const std::size_t policy = call.node.policies.of(request.room_id).index;
  if (std::find(answered_by.begin(), answered_by.end(), policy) == answered_by.end()) {
    return call.error(400, "unknown message type");  // that of another policy's rooms
  }
  RoomQuestion question = question_of(call, request.room_id, sdk::RoomAction::kMessage);
  question.message_type = call.message.type_text;
  question.fields = std::move(request.fields);
  question.of_strangers = call.node.room_traits[policy].hears_strangers;
  if (!accepts_fields(call, question)) return;
  if (!may_enter(call.session, request.room_id)) return call.error(403, "not allowed");
  call.node.rooms.ask(task_for(
      call, std::move(question),
      [&node = call.node](Session& session, const std::string& id, const RoomAnswer& answer) {
        complete_removal(node, session, id, answer, answer_message);
      }));
}

}  // namespace peer
