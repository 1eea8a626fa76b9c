#include "core/protocol/requests.h"

#include <algorithm>
#include <limits>

#include "core/base/fingerprint.h"
#include "core/protocol/json_value.h"
#include "core/protocol/message_parser.h"
#include "core/protocol/payload_reader.h"

// From a parsed message to the struct of its type: one read() for each, on the loop that received
// it. In: raw slices of JSON, and the bounds of the configuration. Out: fields that need no further
// check, or the words of the 400 error. The first thing that is wrong counts (PayloadReader).

namespace peer {
namespace {

using RequestError = std::optional<std::string>;

constexpr std::int64_t kDefaultDiscoverLimit = 50;
constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

std::optional<std::string_view> read_alias(PayloadReader& payload, std::size_t max) {
  const auto alias = payload.optional_text("alias", max);
  if (!alias || alias->empty()) return std::nullopt;
  if (parse_fingerprint(*alias)) payload.refuse("invalid alias");
  return alias;
}

std::uint32_t read_discover_limit(PayloadReader& payload, std::uint32_t max) {
  const std::int64_t limit = payload.optional_integer("limit").value_or(0);
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(limit > 0 ? limit : kDefaultDiscoverLimit, max));
}

std::optional<Fingerprint> read_after(PayloadReader& payload) {
  const auto text = payload.optional_text("after", kUnbounded);
  if (!text) return std::nullopt;
  const auto after = parse_fingerprint(*text);
  if (!after) payload.refuse("after must be a fingerprint");
  return after;
}

std::uint32_t read_group_size(PayloadReader& payload, std::uint32_t max) {
  const std::int64_t size =
      std::max<std::int64_t>(payload.optional_integer("group_size").value_or(2), 2);
  if (size > max) payload.refuse("group_size too large");
  return static_cast<std::uint32_t>(std::min<std::int64_t>(size, max));
}

std::optional<std::chrono::milliseconds> read_timeout(PayloadReader& payload) {
  const auto timeout = payload.optional_integer("timeout_ms");
  if (!timeout) return std::nullopt;
  if (*timeout < 0) payload.refuse("timeout_ms must not be negative");
  return std::min(std::chrono::milliseconds(*timeout), kMaxMatchTimeout);
}

}  // namespace

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 RegisterRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.public_key = payload.required_text("public_key", bounds.public_key);
  out.alias = read_alias(payload, bounds.alias);
  out.meta = payload.optional_meta("meta", bounds.meta);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds, JoinRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.ns = payload.required_text("namespace", bounds.name);
  out.app_type = payload.optional_text("app_type", bounds.app_type);
  out.version = payload.optional_text("version", bounds.app_type);
  out.meta = payload.optional_meta("meta", bounds.join_meta);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 NamespaceRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.ns = payload.required_text("namespace", bounds.name);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 DiscoverRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.ns = payload.required_text("namespace", bounds.name);
  out.limit = read_discover_limit(payload, bounds.discover_limit);
  out.after = read_after(payload);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 BroadcastRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.ns = payload.required_text("namespace", bounds.name);
  const std::string_view data = payload.raw("data");
  out.data = data.empty() ? std::nullopt : std::optional(data);
  out.exclude = payload.optional_texts("exclude", bounds.exclude);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds, MatchRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.ns = payload.required_text("namespace", bounds.name);
  out.group_size = read_group_size(payload, bounds.match_group);
  out.timeout = read_timeout(payload);
  std::string_view criteria;
  out.criteria = payload.optional_object("criteria", bounds.criteria, criteria);
  out.fields = payload.parsed();
  if (!payload.error()) out.criteria_key = canonical_json(criteria);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 CreateRoomRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.room_id = payload.required_text("room_id", bounds.name);
  static_cast<void>(payload.optional_integer("max_size"));
  out.fields = payload.parsed();
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds, RoomRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.room_id = payload.required_text("room_id", bounds.name);
  out.fields = payload.parsed();
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds, KickRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.room_id = payload.required_text("room_id", bounds.name);
  out.target = payload.required_text("fingerprint", kUnbounded);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 MetadataRequest& out) {
  PayloadReader payload(message.payload, impl_->texts, impl_->payload);
  out.meta = payload.optional_meta("meta", bounds.meta);
  if (out.meta.empty()) payload.refuse("meta required");
  return payload.error();
}

}  // namespace peer
