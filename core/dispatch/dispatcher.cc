#include "core/dispatch/dispatcher.h"

#include <memory>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/http/endpoints.h"

namespace peer {
namespace {

RateLimit rate_of(const Node& node, const Peer& peer) {
  if (peer.rights != nullptr && peer.rights->rate_per_second) {
    const std::uint32_t rate = *peer.rights->rate_per_second;
    return {rate, std::max(rate, 1U)};
  }
  return {node.config().rate_limit_per_sec, node.config().rate_limit_burst};
}

std::string rate_text(const Node& node, const Peer& peer) {
  const RateLimit rate = rate_of(node, peer);
  if (peer.rights != nullptr && peer.rights->rate_per_second) {
    return std::to_string(rate.per_second) + " messages a second, granted by plugin '" +
           node.config().plugins.auth.name + "'";
  }
  return "rate_limit_per_sec: " + std::to_string(rate.per_second) +
         ", rate_limit_burst: " + std::to_string(rate.burst);
}

// Takes one token, or answers 429 and returns false (docs/protocol.md, "Rate limits").
bool pay(const Call& call, LoopState& state) {
  if (call.node.limiter.try_acquire(call.peer.fingerprint, rate_of(call.node, call.peer),
                                    call.loop().now())) {
    call.peer.limited_in_a_row = 0;
    return true;
  }
  state.rate_limited.fetch_add(1, std::memory_order_relaxed);
  call.error(429, "rate limited");
  if (!std::exchange(call.peer.rate_noted, true)) note_limit(call, rate_text(call.node, call.peer));
  const std::uint32_t flood = call.node.config().rate_limit_flood;
  if (++call.peer.limited_in_a_row >= flood && flood != 0) {
    call.connection.close(CloseCode::kFlood, "flood");
  }
  return false;
}

void handle(const Call& call) {
  switch (call.message.type) {
    case MessageType::kRegister:
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
      return reply(call.connection, "pong", call.message.id, {});
    case MessageType::kAuthResponse:
    case MessageType::kUnknown:
      break;
  }
  if (call.node.room_message_types.contains(call.message.type_text)) {
    return handle_room_message(call);
  }
  call.error(400, "unknown message type");
}

}  // namespace

void Call::error(int code, std::string_view text) const {
  reply_error(connection, message.type, message.id, code, text);
}

void note_limit(const Call& call, const std::string& limit) {
  log_notice("a peer's messages are answered 429 \"rate limited\" (" + limit + ")",
             {{"peer", to_hex(call.peer.fingerprint)},
              {"address", call.connection.remote_address().text()}});
}

void Call::ack(std::uint32_t delivered, std::uint32_t dropped) const {
  reply_ack(connection, message.id, delivered, dropped);
}

bool Dispatcher::is_health_check(std::string_view path) const {
  return path == "/health" || path == "/ready";
}

std::string Dispatcher::on_http(const HttpRequest& request, bool loopback) {
  return answer_http(node_, request, loopback);
}

void Dispatcher::on_open(Connection& connection, const HttpRequest& request) {
  auto peer = std::make_unique<Peer>(node_.state_of(connection).errors);
  peer->registration = std::make_unique<Registration>();
  if (const std::string* origin = request.find("Origin")) peer->registration->origin = *origin;
  peer->registration->query = request.query;
  peer->registration->headers = request.headers;
  connection.context = std::move(peer);
  connection.set_deadline(connection.loop().now() + node_.config().pong_wait);
  if (log_debug_enabled()) {
    log_debug("connected", {{"address", connection.remote_address().text()}});
  }
}

void Dispatcher::on_message(Connection& connection, std::string_view text) {
  Peer& peer = peer_of(connection);
  if (peer.stage == Peer::Stage::kGone) return;
  if (peer.stage != Peer::Stage::kRegistered) {
    return handle_first_message(node_, connection, text);
  }
  LoopState& state = node_.state_of(connection);
  Message message;
  const std::optional<std::string_view> problem = state.parser.parse(text, message);
  const Call call{node_, connection, peer, message};
  peer.handling = message.type;
  if (!pay(call, state)) return;
  if (problem) return call.error(400, *problem);
  state.messages[static_cast<std::size_t>(message.type)].fetch_add(1, std::memory_order_relaxed);
  handle(call);
}

void Dispatcher::on_deadline(Connection& connection) { handle_deadline(node_, connection); }

void Dispatcher::on_close(Connection& connection) {
  if (log_debug_enabled()) {
    const std::string address = connection.remote_address().text();
    const Peer& peer = peer_of(connection);
    if (peer.stage == Peer::Stage::kRegistered) {
      log_debug("closed", {{"peer", to_hex(peer.fingerprint)}, {"address", address}});
    } else {
      log_debug("closed", {{"address", address}});
    }
  }
  end_peer(node_, connection, Ending::kGone);
}

}  // namespace peer
