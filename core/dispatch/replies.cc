#include "core/dispatch/replies.h"

#include "core/base/utf8.h"
#include "core/protocol/json_text.h"
#include "core/wire/notices.h"

namespace peer {
namespace {

// Some words are a plugin's, which may have cut a client's in the middle of a character.
bool is_text(std::string_view words) {
  return is_valid_utf8({reinterpret_cast<const std::uint8_t*>(words.data()), words.size()});
}

}  // namespace

void reply(Connection& connection, std::string_view type, std::string_view id,
           std::string_view payload) {
  FrameBuilder builder(type.size() + id.size() + payload.size() + 40);
  builder.append("{\"type\":\"").append(type).append("\"");
  if (!id.empty()) builder.append(",\"id\":").append(id);
  if (!payload.empty()) builder.append(",\"payload\":").append(payload);
  connection.reply(builder.append("}").finish(Opcode::kText));
}

void reply_error(Connection& connection, std::string_view id, int code, std::string_view message) {
  reply_error(connection, peer_of(connection).handling, id, code, message);
}

void reply_error(Connection& connection, MessageType answered, std::string_view id, int code,
                 std::string_view message) {
  peer_of(connection).errors.add(answered, code);
  std::string payload = "{\"code\":" + std::to_string(code) + ",\"message\":";
  append_json_string(payload, is_text(message) ? message : "refused");
  payload.push_back('}');
  reply(connection, "error", id, payload);
}

void reply_ack(Connection& connection, std::string_view id, std::uint32_t delivered,
               std::uint32_t dropped) {
  if (id.empty()) return;
  reply(connection, "ack", id,
        "{\"delivered\":" + std::to_string(delivered) + ",\"dropped\":" + std::to_string(dropped) +
            "}");
}

void reply_registered(Connection& connection, const Peer& peer, std::string_view id) {
  const std::string hex = to_hex(peer.fingerprint);
  std::string message = "{\"type\":\"registered\"";
  if (!id.empty()) message.append(",\"id\":").append(id);
  message.append(",\"from\":\"").append(hex).append("\",\"payload\":{\"fingerprint\":\"");
  message.append(hex).append("\",\"alias\":");
  append_json_string(message, peer.alias);
  if (!peer.holds_alias) message.append(",\"alias_taken\":true");
  message.append("}}");
  connection.reply(text_frame(message));
}

void reply_peer_list(Connection& connection, std::string_view id, std::string_view ns,
                     const PeerPage& page) {
  std::string payload;
  payload.reserve(page.peers.size() + 2 * ns.size() + 80);
  payload.append("{\"namespace\":");
  append_json_string(payload, ns);
  payload.append(",\"peers\":[").append(page.peers).append("],\"total\":");
  payload.append(std::to_string(page.total)).push_back('}');
  reply(connection, "peer_list", id, payload);
}

std::size_t peer_list_overhead(std::string_view id, std::string_view ns) {
  constexpr std::size_t kRest = 100;  // words and punctuation, a total of twenty digits
  return kRest + id.size() + json_string(ns).size();
}

void reply_room(Connection& connection, std::string_view type, std::string_view id,
                std::string_view room_id, const Room& room, std::optional<std::size_t> peer_count) {
  std::string payload = room_payload(room_id, room);
  if (peer_count) payload.append(",\"peer_count\":").append(std::to_string(*peer_count));
  reply(connection, type, id, payload + "}");
}

void reply_waiting(Connection& connection, std::string_view id, sdk::TicketId ticket,
                   bool shows_ticket) {
  std::string payload = "{\"status\":\"waiting\"";
  if (shows_ticket) payload.append(",\"ticket\":\"").append(std::to_string(ticket)).append("\"");
  reply(connection, "match", id, payload + "}");
}

void reply_cancelled(Connection& connection, std::string_view id, sdk::TicketId ticket) {
  reply(connection, "match_cancelled", id, "{\"ticket\":\"" + std::to_string(ticket) + "\"}");
}

std::string peer_object(const Peer& peer, std::string_view app_type, std::string_view join_meta) {
  std::string object = "{\"fingerprint\":\"" + to_hex(peer.fingerprint) + "\",\"alias\":";
  append_json_string(object, peer.alias);
  if (!peer.holds_alias) object.append(",\"alias_taken\":true");
  if (!app_type.empty()) object.append(",\"app_type\":").append(app_type);
  Meta meta = peer.meta;
  meta.merge(join_meta);
  object.append(",\"meta\":").append(meta.to_json()).push_back('}');
  object.shrink_to_fit();
  return object;
}

}  // namespace peer
