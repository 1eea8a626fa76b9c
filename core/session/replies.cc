#include "core/session/replies.h"

#include <chrono>
#include <cstdint>

#include "core/base/utf8.h"
#include "core/protocol/json_bytes.h"
#include "core/protocol/json_text.h"
#include "core/wire/frame_text.h"
#include "core/wire/ice_servers.h"
#include "core/wire/notices.h"

// In: what a handler has to answer. Out: its JSON as one frame, queued for the session's transport.
// On the session's loop.
namespace peer {
namespace {

std::string ice_members(const Session& session, const std::vector<IceServer>& ice) {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(session.loop().wall().time_since_epoch());
  return ice_servers_members(ice, session.fingerprint, now);
}

}  // namespace

void reply(Session& session, std::string_view type, std::string_view id, std::string_view payload) {
  FrameBuilder builder(type.size() + id.size() + payload.size() + 40);
  builder.append("{\"type\":\"").append(type).append("\"");
  if (!id.empty()) builder.append(",\"id\":").append(id);
  if (!payload.empty()) builder.append(",\"payload\":").append(payload);
  session.reply(builder.append("}").finish(Opcode::kText));
}

void reply_error(Session& session, std::string_view id, int code, std::string_view message) {
  reply_error(session, session.handling, id, code, message);
}

void reply_error(Session& session, MessageType answered, std::string_view id, int code,
                 std::string_view message) {
  session.home().errors.add(answered, code);
  std::string payload = "{\"code\":" + std::to_string(code) + ",\"message\":";
  // Some words are a plugin's, which may have cut a client's in the middle of a character.
  append_json_string(payload, is_valid_utf8(message) ? message : "refused");
  payload.push_back('}');
  reply(session, "error", id, payload);
}

void reply_refusal(Session& session, std::string_view id, const sdk::RoomRefusal& refusal) {
  reply_error(session, id, refusal.code, refusal.message);
}

void reply_ack(Session& session, std::string_view id, std::uint32_t delivered,
               std::uint32_t dropped) {
  // A client that sends no request id expects no ack (docs/protocol.md, "C.1 Request ids").
  if (id.empty()) return;
  reply(session, "ack", id,
        "{\"delivered\":" + std::to_string(delivered) + ",\"dropped\":" + std::to_string(dropped) +
            "}");
}

namespace {

// 240: the names and punctuation, and the fingerprint twice.
FrameBuilder greeting_builder(std::string_view alias, std::string_view id, std::size_t members) {
  return FrameBuilder(240 + alias.size() + id.size() + members);
}

// Up to the last members of the payload.
void append_greeting(FrameBuilder& out, std::string_view type, const Session& session,
                     std::string_view alias, std::string_view id) {
  out.append("{\"type\":\"").append(type).append("\"");
  if (!id.empty()) out.append(",\"id\":").append(id);
  append_hex(out.append(",\"from\":"), session.fingerprint);
  append_hex(out.append(",\"payload\":{\"fingerprint\":"), session.fingerprint);
  append_json_string(out.append(",\"alias\":"), alias);
  if (!session.holds_alias) out.append(",\"alias_taken\":true");
}

}  // namespace

void reply_registered(Session& session, std::string_view id, std::string_view members,
                      const std::vector<IceServer>* ice) {
  const std::string ice_text = ice == nullptr ? std::string() : "," + ice_members(session, *ice);
  const AliasText alias = session.alias();
  FrameBuilder out = greeting_builder(alias, id, members.size() + ice_text.size());
  append_greeting(out, "registered", session, alias, id);
  out.append(members).append(ice_text).append("}}");
  session.reply(out.finish(Opcode::kText));
}

FrameRef resumed_frame(const Session& session, std::string_view id, std::string_view members) {
  const AliasText alias = session.alias();
  FrameBuilder out = greeting_builder(alias, id, members.size());
  append_greeting(out, "resumed", session, alias, id);
  return out.append(members).append("}}").finish(Opcode::kText);
}

void reply_ice_servers(Session& session, std::string_view id, const std::vector<IceServer>& ice) {
  reply(session, "ice_servers", id, "{" + ice_members(session, ice) + "}");
}

void reply_peer_list(Session& session, std::string_view id, std::string_view ns,
                     const PeerPage& page) {
  FrameBuilder out(page.peers.size() + ns.size() + id.size() + 100);
  out.append("{\"type\":\"peer_list\"");
  if (!id.empty()) out.append(",\"id\":").append(id);
  append_json_string(out.append(",\"payload\":{\"namespace\":"), ns);
  out.append(",\"peers\":[").append(page.peers).append("],\"total\":");
  out.append_number(static_cast<std::int64_t>(page.total)).append("}}");
  session.reply(out.finish(Opcode::kText));
}

std::size_t peer_list_overhead(std::string_view id, std::string_view ns) {
  constexpr std::size_t kRest = 100;  // words and punctuation, a total of twenty digits
  const char* const end = ns.data() + ns.size();
  const bool is_plain = find_string_special(ns.data(), end) == end;
  return kRest + id.size() + (is_plain ? ns.size() + 2 : json_string(ns).size());
}

void reply_room(Session& session, std::string_view type, std::string_view id,
                std::string_view room_id, const Room& room, std::optional<std::size_t> peer_count) {
  std::string payload = room_payload(room_id, room);
  if (peer_count) payload.append(",\"peer_count\":").append(std::to_string(*peer_count));
  reply(session, type, id, payload + "}");
}

void reply_waiting(Session& session, std::string_view id, sdk::TicketId ticket, bool shows_ticket,
                   const std::optional<sdk::MatchForecast>& forecast) {
  FrameBuilder out(id.size() + 160);
  out.append("{\"type\":\"match\"");
  if (!id.empty()) out.append(",\"id\":").append(id);
  out.append(",\"payload\":{\"status\":\"waiting\"");
  // A ticket's id may be any number of 64 bits.
  if (shows_ticket) out.append(",\"ticket\":\"").append(std::to_string(ticket)).append("\"");
  if (forecast && !id.empty()) {
    out.append(",\"waiting\":").append_number(forecast->waiting);
    if (forecast->estimate)
      out.append(",\"estimate_ms\":").append_number(forecast->estimate->count());
  }
  session.reply(out.append("}}").finish(Opcode::kText));
}

void reply_cancelled(Session& session, std::string_view id, sdk::TicketId ticket) {
  reply(session, "match_cancelled", id, "{\"ticket\":\"" + std::to_string(ticket) + "\"}");
}

void reply_refreshed(Session& session, std::string_view id, milliseconds left) {
  reply(session, "auth_refreshed", id, "{\"expires_ms\":" + std::to_string(left.count()) + "}");
}

std::string peer_object(const Session& session, std::string_view app_type,
                        std::string_view join_meta) {
  Meta merged;
  if (!join_meta.empty()) {
    merged = session.meta;
    merged.merge(join_meta);
  }
  const Meta& meta = join_meta.empty() ? session.meta : merged;
  std::string object;
  const AliasText alias = session.alias();
  object.reserve(176 + alias.size() + app_type.size() + meta.json_size());
  object.append("{\"fingerprint\":\"");
  constexpr std::size_t kDigits = 64;
  object.resize(object.size() + kDigits);
  write_hex(session.fingerprint, object.data() + object.size() - kDigits);
  object.append("\",\"alias\":");
  append_json_string(object, alias);
  if (!session.holds_alias) object.append(",\"alias_taken\":true");
  if (session.proved) object.append(",\"proved\":true");
  if (!app_type.empty()) object.append(",\"app_type\":").append(app_type);
  object.append(",\"meta\":").append(meta.to_json()).push_back('}');
  return object;
}

}  // namespace peer
