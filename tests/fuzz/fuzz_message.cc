#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/utf8.h"
#include "core/protocol/json_text.h"
#include "core/protocol/json_value.h"
#include "core/protocol/message.h"
#include "core/protocol/meta.h"

// Any text as a client's message: parse(), every read(), and what must hold afterwards.

namespace {

using namespace peer;

void require(bool holds) {
  if (!holds) std::abort();
}

/// On the heap at its exact size, so that AddressSanitizer sees any read past the padding.
std::string padded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() + 64);
  bytes.append(text).append(64, '"');
  return bytes;
}

template <typename Request>
bool is_refused(MessageParser& parser, const Message& message, Request& request) {
  return parser.read(message, Bounds{}, request).has_value();
}

/// A raw slice put into a fresh envelope comes out as it went in.
void require_same_slice(std::string_view slice) {
  const std::string text = R"({"type":"relay","payload":)" + std::string(slice) + "}";
  const std::string bytes = padded(text);
  MessageParser parser;
  Message message;
  require(!parser.parse({bytes.data(), text.size()}, message));
  require(message.payload == slice);
}

void require_meta_is_json(std::string_view object) {
  Meta meta;
  meta.merge(object);
  const std::string json = meta.to_json();
  require(is_valid_json(json));
  require(json.size() == meta.json_size());
  meta.merge(object);
  require(meta.to_json() == json);
}

void read_all(MessageParser& parser, const Message& message) {
  RegisterRequest registration;
  if (!is_refused(parser, message, registration)) require_meta_is_json(registration.meta);
  JoinRequest join;
  if (!is_refused(parser, message, join)) require(!join.ns.empty());
  BroadcastRequest broadcast;
  if (!is_refused(parser, message, broadcast) && broadcast.data)
    require_same_slice(*broadcast.data);
  MatchRequest match;
  if (!is_refused(parser, message, match)) {
    require(is_valid_json(match.key()));
    match.keep_fields(true);
    require(match.fields.as_object() != nullptr);
    require(match.fields_size == memory_of(match.fields));
  }
  MetadataRequest metadata;
  if (!is_refused(parser, message, metadata)) require_meta_is_json(metadata.meta);
  AuthRefreshRequest refresh;
  if (!is_refused(parser, message, refresh)) require(!refresh.token.empty());
  ListRoomsRequest list;
  if (!is_refused(parser, message, list)) {
    require(list.limit > 0 && list.limit <= Bounds{}.discover_limit);
  }
  std::variant<NamespaceRequest, DiscoverRequest, CreateRoomRequest, RoomRequest, KickRequest> rest;
  is_refused(parser, message, rest.emplace<NamespaceRequest>());
  is_refused(parser, message, rest.emplace<DiscoverRequest>());
  is_refused(parser, message, rest.emplace<CreateRoomRequest>());
  is_refused(parser, message, rest.emplace<RoomRequest>());
  is_refused(parser, message, rest.emplace<KickRequest>());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!is_valid_utf8({data, size})) return 0;  // closed with 1007: it is never parsed
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string bytes = padded(text);
  MessageParser parser;
  Message message;
  const bool accepted = !parser.parse({bytes.data(), size}, message);
  if (!message.id.empty()) require(is_valid_json(message.id));
  if (!accepted) return 0;
  require(is_valid_json(text));
  if (!message.payload.empty()) require_same_slice(message.payload);
  read_all(parser, message);
  return 0;
}
