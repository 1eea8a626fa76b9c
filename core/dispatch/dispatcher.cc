#include "core/dispatch/dispatcher.h"

#include <memory>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "core/dispatch/handlers.h"
#include "core/http/endpoints.h"
#include "core/session/away.h"
#include "core/session/foreign_session.h"
#include "core/session/parking.h"
#include "core/session/registration.h"
#include "core/session/replies.h"
#include "core/session/resume.h"

// Of each loop's connections, on its thread. In: requests of HTTP, WebSockets that open, bring a
// message, have met a deadline or end. Out: calls of the endpoints, and of the handler of a
// message's type once its sender has paid for it.
namespace peer {
namespace {

// What is on the way of every message is inline by order: it stands there twice, since messages
// that dialects say go through the functions of handlers.h.

// A rate that an auth plugin has granted replaces both configured values: its burst is the messages
// of one second.
[[gnu::always_inline]] inline RateLimit rate_of(const Node& node, const Session& session) {
  if (session.rights != nullptr && session.rights->rate_per_second) {
    const std::uint32_t rate = *session.rights->rate_per_second;
    return {rate, std::max(rate, 1U)};
  }
  return {node.config().rate_limit_per_sec, node.config().rate_limit_burst};
}

std::string rate_text(const Node& node, const Session& session) {
  const RateLimit rate = rate_of(node, session);
  if (session.rights != nullptr && session.rights->rate_per_second) {
    return std::to_string(rate.per_second) + " messages a second, granted by plugin '" +
           *session.rights->granted_by + "'";
  }
  return "rate_limit_per_sec: " + std::to_string(rate.per_second) +
         ", rate_limit_burst: " + std::to_string(rate.burst);
}

// What a session that may be resumed says of the messages that have come is heard here.
[[gnu::always_inline]] inline void handle_ping(const Call& call) {
  if (call.session.resumable != nullptr && !call.message.payload.empty()) {
    PingRequest request;
    if (!call.read(request)) return;
    if (request.received && !forget_received(call.session, *request.received)) {
      return call.error(400, "received too large");
    }
  }
  if (!call.message.id.empty()) return reply(call.session, "pong", call.message.id, {});
  // All that have no id are alike, whoever asks.
  static thread_local const FrameRef pong = text_frame(R"({"type":"pong"})");
  call.session.reply(FrameRef(pong));
}

[[gnu::always_inline]] inline bool take_token(const Call& call) {
  if (call.session.tokens.try_acquire(rate_of(call.node, call.session), call.loop().now())) {
    call.session.limited_in_a_row = 0;
    return true;
  }
  call.session.home().rate_limited.add();
  call.error(429, "rate limited");
  // Once for each session: a flood must not fill the log.
  if (!call.session.rate_noted) note_limit(call, rate_text(call.node, call.session));
  call.session.rate_noted = true;
  const std::uint32_t flood = call.node.config().rate_limit_flood;
  // Only an unbroken row counts as a flood: one message that is paid for ends it.
  if (++call.session.limited_in_a_row >= flood && flood != 0) {
    call.session.close(CloseCode::kFlood, "flood");
  }
  return false;
}

[[gnu::always_inline]] inline void handle(const Call& call) {
  switch (call.message.type) {
    case MessageType::kRegister:
    case MessageType::kResume:
      return call.error(400, "already registered");
    case MessageType::kJoin:
      return handle_join(call);
    case MessageType::kLeave:
      return handle_leave(call);
    case MessageType::kDiscover:
      return handle_discover(call);
    case MessageType::kSignal:
    case MessageType::kRelay:
      return handle_directed(call);
    case MessageType::kBroadcast:
      return handle_broadcast(call);
    case MessageType::kMatch:
      return handle_match(call);
    case MessageType::kMatchCancel:
      return handle_match_cancel(call);
    case MessageType::kCreateRoom:
      return handle_create_room(call);
    case MessageType::kJoinRoom:
      return handle_join_room(call);
    case MessageType::kRoomInfo:
      return handle_room_info(call);
    case MessageType::kKick:
      return handle_kick(call);
    case MessageType::kMetadata:
      return handle_metadata(call);
    case MessageType::kPing:
      return handle_ping(call);
    case MessageType::kIceServers:
      return reply_ice_servers(call.session, call.message.id, call.node.config().ice_servers);
    case MessageType::kListRooms:
      if (call.node.lists_rooms) return handle_list_rooms(call);
      break;
    case MessageType::kAuthRefresh:
      if (call.node.takes_tokens) return handle_auth_refresh(call);
      break;
    case MessageType::kAuthResponse:
    case MessageType::kUnknown:
      break;
  }
  // A room policy may answer types of its own. Which ones these are has been known since the start.
  const auto types = call.node.room_message_types.find(call.message.type_text);
  if (types != call.node.room_message_types.end()) {
    return handle_room_message(call, types->second);
  }
  call.error(400, "unknown message type");
}

}  // namespace

bool pay(const Call& call) { return take_token(call); }
void handle_message(const Call& call) { handle(call); }

Dispatcher::Dispatcher(Node& node) : node_(node) {
  // Sessions are above rooms: what ends in both is put together here.
  node.rooms.when_closed(
      [&node](std::span<const ClosedMember> members) { drop_closed(node, members); });
}

bool Dispatcher::is_health_check(std::string_view path) const {
  return path == "/health" || path == "/ready";
}

std::string Dispatcher::on_http(const HttpRequest& request, bool loopback) {
  return answer_http(node_, request, loopback);
}

void Dispatcher::on_open(Connection& connection, HttpRequest&& request) {
  auto session =
      std::make_unique<Session>(connection, *node_.loop_states[connection.loop().index()]);
  // For the auth plugins, which are asked later.
  session->registration = std::make_shared<Registration>();
  if (const std::string* origin = request.find("Origin")) session->registration->origin = *origin;
  session->registration->query = std::move(request.query);
  session->registration->headers = std::move(request.headers);
  connection.session = std::move(session);
  connection.set_deadline(connection.loop().now() + node_.config().pong_wait);
  if (log_debug_enabled()) {
    log_debug("connected", {{"address", connection.remote_address().text()}});
  }
}

void Dispatcher::on_message(Connection& connection, std::string_view text) {
  Session& session = session_of(connection);
  // Messages that came before the end of the session may still be in the buffer of its connection.
  if (session.stage == Session::Stage::kGone) return;
  if (session.stage != Session::Stage::kRegistered) {
    if (session.foreign) return foreign_of(session).hear(text);
    return handle_first_message(node_, session, text);
  }
  LoopState& state = session.home();
  Message message;
  const std::optional<std::string_view> problem = state.parser.parse(text, message);
  // A message that is not sound costs a token too: it has taken as much time as a good one.
  const Call call{node_, session, message};
  session.handling = message.type;
  ++session.messages;
  // A `resume` counts nowhere, not even a mistaken one (docs/protocol.md, "C.6 Session resume").
  if (session.resumable != nullptr && message.type != MessageType::kResume) count_handled(session);
  if (!take_token(call)) return;
  if (problem) return call.error(400, *problem);
  state.messages[static_cast<std::size_t>(message.type)].add();
  handle(call);
}

void Dispatcher::on_deadline(Connection& connection) {
  Session& session = session_of(connection);
  if (session.foreign && !foreign_of(session).take_deadline()) return;
  handle_deadline(node_, session);
}

void Dispatcher::on_close(Connection& connection) {
  Session& session = session_of(connection);
  if (log_debug_enabled()) {
    const std::string address = connection.remote_address().text();
    if (session.is_registered()) {
      log_debug("closed", {{"peer", to_hex(session.fingerprint)}, {"address", address}});
    } else {
      log_debug("closed", {{"address", address}});
    }
  }
  if (session.foreign) foreign_of(session).finish();
  if (!go_away(node_, connection)) end_session(node_, session, Ending::kGone);
}

bool Dispatcher::may_end(const EventLoop& loop) {
  return parking_has_ended(node_, *node_.loop_states[loop.index()]);
}

}  // namespace peer
