#include "core/wire/notices.h"

#include <cstdint>
#include <span>

#include "core/protocol/json_scan.h"
#include "core/protocol/json_text.h"
#include "core/wire/frame_text.h"

// The frames that peers hear without having asked. In: names, and JSON that is sound already. Out:
// complete text frames, to be shared by all receivers (docs/protocol.md, "Notifications"). No
// state, any thread. A payload goes in as it came, and for a signal this is the only copy that is
// made of it. Names are escaped; sizes are estimated well enough that one allocation is the rule.
namespace peer {
namespace {

constexpr std::size_t kHexLength = 64;

// What directed and broadcast frames are made of, beside their values; and how these are marked.
constexpr std::string_view kType = "{\"type\":\"";
constexpr std::string_view kFrom = "\",\"from\":";
constexpr std::string_view kTo = ",\"to\":";
constexpr std::string_view kNamespace = ",\"namespace\":";
constexpr std::string_view kPayload = ",\"payload\":";
constexpr std::string_view kInnerNamespace = "{\"namespace\":";
constexpr std::string_view kData = ",\"data\":";
constexpr std::string_view kTs = ",\"ts\":";
constexpr std::uint16_t kDirected = 1;
constexpr std::uint16_t kBroadcast = 2;

// What a notification takes beside its type, namespace and payload.
constexpr std::size_t kNotificationRest = 160;

// `{"type":...,"from":...,"namespace":...,"payload":`
void begin_notification(FrameBuilder& out, std::string_view type, const Fingerprint& from,
                        std::string_view ns) {
  out.append("{\"type\":\"").append(type).append("\",\"from\":");
  append_hex(out, from).append(",\"namespace\":");
  append_json_string(out, ns).append(",\"payload\":");
}

// `,"ts":...}`
FrameRef end_notification(FrameBuilder& out, sdk::Instant now) {
  return append_ts(out, now).append("}").finish(Opcode::kText);
}

FrameRef notification(std::string_view type, const Fingerprint& from, std::string_view ns,
                      std::string_view payload, sdk::Instant now) {
  FrameBuilder builder(type.size() + ns.size() + payload.size() + kNotificationRest);
  begin_notification(builder, type, from, ns);
  return end_notification(builder.append(payload), now);
}

// Of a peer of which no more is said than who it is.
FrameRef notification_of(std::string_view type, const Fingerprint& peer, std::string_view ns,
                         sdk::Instant now) {
  constexpr std::size_t kPayloadSize = kHexLength + 20;
  FrameBuilder builder(type.size() + ns.size() + kPayloadSize + kNotificationRest);
  begin_notification(builder, type, peer, ns);
  append_hex(builder.append("{\"fingerprint\":"), peer).append("}");
  return end_notification(builder, now);
}

}  // namespace

std::string room_payload(std::string_view room_id, const Room& room) {
  return "{\"room_id\":" + json_string(room_id) + ",\"owner\":\"" + to_hex(room.owner) +
         "\",\"max_size\":" + std::to_string(room.max_size);
}

FrameRef peer_joined_frame(const Fingerprint& peer, std::string_view ns, std::string_view object,
                           sdk::Instant now) {
  return notification("peer_joined", peer, ns, object, now);
}

FrameRef peer_left_frame(const Fingerprint& peer, std::string_view ns, sdk::Instant now) {
  return notification_of("peer_left", peer, ns, now);
}

FrameRef peer_updated_frame(const Fingerprint& peer, std::string_view ns, std::string_view changes,
                            sdk::Instant now) {
  std::string payload = "{\"fingerprint\":\"" + to_hex(peer) + "\",\"meta\":";
  payload.append(changes).push_back('}');
  return notification("peer_updated", peer, ns, payload, now);
}

FrameRef presence_frame(std::string_view type, const Fingerprint& peer, std::string_view ns,
                        sdk::Instant now) {
  return notification_of(type, peer, ns, now);
}

FrameRef kick_frame(const Fingerprint& by, const Fingerprint& target, std::string_view room_id,
                    sdk::Instant now) {
  return notification(
      "kick", by, room_id,
      "{\"room_id\":" + json_string(room_id) + ",\"fingerprint\":\"" + to_hex(target) + "\"}", now);
}

FrameRef room_updated_frame(std::string_view room_id, const Room& room, std::string_view more,
                            sdk::Instant now) {
  std::string payload = room_payload(room_id, room);
  payload.append(more) += '}';
  return room_message_frame(room_id, "room_updated", payload, now);
}

FrameRef room_closed_frame(std::string_view room_id, sdk::Instant now) {
  return room_message_frame(room_id, "room_closed", "{\"room_id\":" + json_string(room_id) + "}",
                            now);
}

FrameRef room_closed_frame(std::string_view room_id, std::string_view reason, sdk::Instant now) {
  return room_message_frame(
      room_id, "room_closed",
      "{\"room_id\":" + json_string(room_id) + ",\"reason\":" + json_string(reason) + "}", now);
}

FrameRef room_message_frame(std::string_view room_id, std::string_view type,
                            std::string_view payload, sdk::Instant now) {
  std::string message = "{\"type\":" + json_string(type);
  message.append(",\"namespace\":").append(json_string(room_id));
  message.append(",\"payload\":").append(payload);
  message.append(",\"ts\":").append(std::to_string(now.time_since_epoch().count()));
  return text_frame(message + "}");
}

FrameRef server_message_frame(std::string_view ns, std::string_view payload, sdk::Instant now) {
  const std::string ns_json = ns.empty() ? std::string() : json_string(ns);
  FrameBuilder builder(ns_json.size() + payload.size() + 96);
  builder.append("{\"type\":\"server_message\"");
  if (!ns.empty()) builder.append(",\"namespace\":").append(ns_json);
  builder.append(",\"payload\":").append(payload);
  append_ts(builder, now).append("}");
  return builder.finish(Opcode::kText);
}

// relayed_parts() knows this form, and that of broadcast_frame().
FrameRef directed_frame(std::string_view type, const Fingerprint& from, const Fingerprint& to,
                        std::string_view payload, sdk::Instant now) {
  // 80: the other members' names and punctuation, and the digits of `ts`.
  FrameBuilder builder(type.size() + payload.size() + 2 * kHexLength + 80);
  builder.append(kType).append(type).append(kFrom);
  append_hex(builder, from).append(kTo);
  append_hex(builder, to);
  if (!payload.empty()) builder.append(kPayload).append(payload);
  append_ts(builder, now).append("}");
  return builder.mark(kDirected).finish(Opcode::kText);
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
  FrameBuilder builder(2 * ns.size() + data.size() + kHexLength + 128);
  builder.append(kType).append("broadcast").append(kFrom);
  append_hex(builder, from).append(kNamespace);
  append_json_string(builder, ns).append(kPayload).append(kInnerNamespace);
  append_json_string(builder, ns);
  if (!data.empty()) builder.append(kData).append(data);
  builder.append("}");
  append_ts(builder, now).append("}");
  return builder.mark(kBroadcast).finish(Opcode::kText);
}

std::optional<RelayedParts> relayed_parts(const FrameRef& frame) {
  if (frame.mark() == 0) return std::nullopt;
  RelayedParts parts;
  std::string_view rest = text_of(frame);
  // The last member is `ts`, a number.
  rest.remove_suffix(1);
  while (rest.back() != ':') rest.remove_suffix(1);
  rest.remove_suffix(kTs.size());
  const auto take = [&](std::size_t size) {
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  };
  take(kType.size());
  parts.type = take(rest.find('"'));
  take(kFrom.size());
  parts.from = without_quotes(take(kHexLength + 2));
  if (frame.mark() == kDirected) {
    take(kTo.size() + kHexLength + 2);
    if (!rest.empty()) parts.payload = rest.substr(kPayload.size());
    return parts;
  }
  take(kNamespace.size());
  const char* const ns_end = skip_json_value(rest.data(), rest.data() + rest.size());
  parts.ns = take(static_cast<std::size_t>(ns_end - rest.data()));
  take(kPayload.size());
  parts.payload = rest;
  take(kInnerNamespace.size() + parts.ns.size());
  rest.remove_suffix(1);
  if (!rest.empty()) parts.data = rest.substr(kData.size());
  return parts;
}

std::string_view text_of(const FrameRef& frame) {
  const std::span<const std::uint8_t> bytes = frame.payload();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace peer
