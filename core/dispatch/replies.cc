#include "core/dispatch/replies.h"

#include "core/base/utf8.h"
#include "core/protocol/json_text.h"

namespace peer {
namespace {

constexpr std::size_t kHexLength = 64;

// Some words are a plugin's, which may have cut a client's in the middle of a character.
bool is_text(std::string_view words) {
  return is_valid_utf8({reinterpret_cast<const std::uint8_t*>(words.data()), words.size()});
}

FrameBuilder& append_hex(FrameBuilder& builder, const Fingerprint& fingerprint) {
  builder.append("\"");
  write_hex(fingerprint, builder.extend(kHexLength));
  return builder.append("\"");
}

FrameBuilder& append_ts(FrameBuilder& builder, sdk::Instant now) {
  return builder.append(",\"ts\":").append_number(now.time_since_epoch().count());
}

// `{"type":...,"from":...,"namespace":...,"payload":...,"ts":...}`.
FrameRef notification(std::string_view type, const Fingerprint& from, std::string_view ns,
                      std::string_view payload, sdk::Instant now) {
  const std::string ns_json = json_string(ns);
  FrameBuilder builder(type.size() + ns_json.size() + payload.size() + 160);
  builder.append("{\"type\":\"").append(type).append("\",\"from\":");
  append_hex(builder, from).append(",\"namespace\":").append(ns_json);
  builder.append(",\"payload\":").append(payload);
  append_ts(builder, now).append("}");
  return builder.finish(Opcode::kText);
}

std::string room_payload(std::string_view room_id, const Room& room) {
  return "{\"room_id\":" + json_string(room_id) + ",\"owner\":\"" + to_hex(room.owner) +
         "\",\"max_size\":" + std::to_string(room.max_size);
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
  reply(connection, "peer_list", id,
        "{\"namespace\":" + json_string(ns) + ",\"peers\":[" + page.peers +
            "],\"total\":" + std::to_string(page.total) + "}");
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

FrameRef peer_joined_frame(const Fingerprint& peer, std::string_view ns, std::string_view object,
                           sdk::Instant now) {
  return notification("peer_joined", peer, ns, object, now);
}

FrameRef peer_left_frame(const Fingerprint& peer, std::string_view ns, sdk::Instant now) {
  return notification("peer_left", peer, ns, "{\"fingerprint\":\"" + to_hex(peer) + "\"}", now);
}

FrameRef kick_frame(const Fingerprint& by, const Fingerprint& target, std::string_view room_id,
                    sdk::Instant now) {
  return notification(
      "kick", by, room_id,
      "{\"room_id\":" + json_string(room_id) + ",\"fingerprint\":\"" + to_hex(target) + "\"}", now);
}

FrameRef room_updated_frame(std::string_view room_id, const Room& room, sdk::Instant now) {
  return room_message_frame(room_id, "room_updated", room_payload(room_id, room) + "}", now);
}

FrameRef room_closed_frame(std::string_view room_id, sdk::Instant now) {
  return room_message_frame(room_id, "room_closed", "{\"room_id\":" + json_string(room_id) + "}",
                            now);
}

FrameRef room_message_frame(std::string_view room_id, std::string_view type,
                            std::string_view payload, sdk::Instant now) {
  std::string message = "{\"type\":" + json_string(type);
  message.append(",\"namespace\":").append(json_string(room_id));
  message.append(",\"payload\":").append(payload);
  message.append(",\"ts\":").append(std::to_string(now.time_since_epoch().count()));
  return text_frame(message + "}");
}

FrameRef directed_frame(std::string_view type, const Fingerprint& from, const Fingerprint& to,
                        std::string_view payload, sdk::Instant now) {
  FrameBuilder builder(type.size() + payload.size() + 2 * kHexLength + 80);
  builder.append("{\"type\":\"").append(type).append("\",\"from\":");
  append_hex(builder, from).append(",\"to\":");
  append_hex(builder, to);
  if (!payload.empty()) builder.append(",\"payload\":").append(payload);
  append_ts(builder, now).append("}");
  return builder.finish(Opcode::kText);
}

FrameRef directed_frame(std::string_view type, const Fingerprint& from, std::string_view alias,
                        std::string_view payload, sdk::Instant now) {
  const std::string to = json_string(alias);
  FrameBuilder builder(type.size() + payload.size() + kHexLength + to.size() + 80);
  builder.append("{\"type\":\"").append(type).append("\",\"from\":");
  append_hex(builder, from).append(",\"to\":").append(to);
  if (!payload.empty()) builder.append(",\"payload\":").append(payload);
  append_ts(builder, now).append("}");
  return builder.finish(Opcode::kText);
}

FrameRef broadcast_frame(const Fingerprint& from, std::string_view ns, std::string_view data,
                         sdk::Instant now) {
  const std::string ns_json = json_string(ns);
  FrameBuilder builder(2 * ns_json.size() + data.size() + kHexLength + 128);
  builder.append("{\"type\":\"broadcast\",\"from\":");
  append_hex(builder, from).append(",\"namespace\":").append(ns_json);
  builder.append(",\"payload\":{\"namespace\":").append(ns_json);
  if (!data.empty()) builder.append(",\"data\":").append(data);
  builder.append("}");
  append_ts(builder, now).append("}");
  return builder.finish(Opcode::kText);
}

std::string_view text_of(const FrameRef& frame) {
  const std::span<const std::uint8_t> bytes = frame.payload();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace peer
