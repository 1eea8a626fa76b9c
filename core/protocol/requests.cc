#include "core/protocol/requests.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/base/fingerprint.h"
#include "core/protocol/json_number.h"
#include "core/protocol/json_value.h"
#include "core/protocol/message_parser.h"
#include "core/protocol/payload_reader.h"

// From a parsed message to the struct of its type: one read() for each, on the loop that received
// it. In: raw slices of JSON, and the bounds of the configuration. Out: fields that need no further
// check, or the words of the 400 error. The first thing that is wrong counts (PayloadReader).
namespace peer {
namespace {

using RequestError = std::optional<std::string>;

constexpr std::size_t kLongestShownWord = 64;  // bytes
constexpr std::int64_t kDefaultPage = 50;
// For texts that must be a fingerprint or a known alias in the end: another length is no match.
constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

std::optional<std::string_view> read_alias(PayloadReader& payload, std::size_t max) {
  const auto alias = payload.optional_text("alias", max);
  if (!alias || alias->empty()) return std::nullopt;
  // `to` and the like would take such an alias for a fingerprint.
  if (parse_fingerprint(*alias)) payload.refuse("invalid alias");
  return alias;
}

constexpr std::size_t kMostWords = 16;

// `field`: a list of words, of which `known` takes those that it knows.
template <std::size_t kSize, typename Known>
void read_words(PayloadReader& payload, const char (&field)[kSize], Known known) {
  for (const std::string_view word : payload.optional_texts(field, kMostWords)) {
    if (known(word)) continue;
    payload.refuse(std::string(field) + ": unknown '" +
                   std::string(word.substr(0, kLongestShownWord)) + "'");
  }
}

/// What `registered` is to carry beside the usual.
bool read_want(PayloadReader& payload) {
  bool ice_servers = false;
  read_words(payload, "want", [&](std::string_view word) {
    if (word != "ice_servers") return false;
    return ice_servers = true;
  });
  return ice_servers;
}

Watches read_watch(PayloadReader& payload) {
  Watches watches;
  read_words(payload, "watch", [&](std::string_view word) {
    if (word == "meta") return watches.meta = true;
    if (word == "presence") return watches.presence = true;
    return false;
  });
  return watches;
}

// How many entries a page may have.
std::uint32_t read_limit(PayloadReader& payload, std::uint32_t max) {
  const std::int64_t limit = payload.optional_integer("limit").value_or(0);
  return static_cast<std::uint32_t>(std::min<std::int64_t>(limit > 0 ? limit : kDefaultPage, max));
}

std::optional<Fingerprint> read_after(PayloadReader& payload) {
  const auto text = payload.optional_text("after", kUnbounded);
  if (!text) return std::nullopt;
  const auto after = parse_fingerprint(*text);
  if (!after) payload.refuse("after must be a fingerprint");
  return after;
}

// What a page of rooms has given as `next`: opaque to clients, a number written in digits.
std::uint64_t read_place(PayloadReader& payload) {
  const auto text = payload.optional_text("after", kUnbounded);
  if (!text) return 0;
  std::uint64_t place = 0;
  const char* const end = text->data() + text->size();
  const auto [read, error] = std::from_chars(text->data(), end, place);
  if (error != std::errc() || read != end) payload.refuse("after must be of an earlier page");
  return place;
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

const sdk::Value& MatchRequest::criteria() const {
  static const sdk::Value kNone{sdk::Value::Object()};
  return has_criteria && !fields.is_null() ? *fields.find("criteria") : kNone;
}

void MatchRequest::keep_fields(bool needed) {
  if (needed && fields.is_null()) {
    // It has no fault: the reader has looked for them.
    static_cast<void>(parse_json_value(payload, kMaxPayloadDepth, fields));
  }
  payload = {};
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 RegisterRequest& out) {
  PayloadReader payload = impl_->reader(message);
  // Needed by who has no identity: that is known when the auth plugins have been asked.
  const auto public_key = payload.optional_text("public_key", bounds.public_key);
  if (public_key && public_key->empty()) payload.refuse("public_key required");
  out.public_key = public_key.value_or("");
  // What identities are told apart by: fingerprint_of_identity().
  if (out.public_key.starts_with('\0')) payload.refuse("invalid public_key");
  out.alias = read_alias(payload, bounds.alias);
  out.meta = payload.optional_meta("meta", bounds.meta);
  out.wants_ice_servers = read_want(payload);
  out.wants_resume = payload.optional_boolean("resume").value_or(false);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds&, ResumeRequest& out) {
  PayloadReader payload = impl_->reader(message);
  // An empty one is a text that is no token, and so no fault of the message.
  const auto token = payload.optional_text("token", kUnbounded);
  if (!token) payload.refuse("token required");
  out.token = token.value_or(std::string_view());
  // -1 and 2.5 are numbers, and so no fault of the message: there is no such place in a session.
  const std::string_view number = payload.optional_number("received");
  if (number.empty()) payload.refuse("received required");
  const auto integer = number.empty() ? std::nullopt : integer_value(number);
  if (integer && *integer >= 0) out.received = static_cast<std::uint64_t>(*integer);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds&, PingRequest& out) {
  PayloadReader payload = impl_->reader(message);
  const auto received = payload.optional_integer("received");
  if (received && *received < 0) payload.refuse("received must not be negative");
  if (received) out.received = static_cast<std::uint64_t>(*received);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds, JoinRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.ns = payload.required_text("namespace", bounds.name);
  out.app_type = payload.optional_text("app_type", bounds.app_type);
  out.version = payload.optional_text("version", bounds.app_type);
  out.meta = payload.optional_meta("meta", bounds.join_meta);
  out.watches = read_watch(payload);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 NamespaceRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.ns = payload.required_text("namespace", bounds.name);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 DiscoverRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.ns = payload.required_text("namespace", bounds.name);
  out.limit = read_limit(payload, bounds.discover_limit);
  out.after = read_after(payload);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 BroadcastRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.ns = payload.required_text("namespace", bounds.name);
  const std::string_view data = payload.raw("data");
  out.data = data.empty() ? std::nullopt : std::optional(data);
  out.exclude = payload.optional_texts("exclude", bounds.exclude);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds, MatchRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.ns = payload.required_text("namespace", bounds.name);
  out.group_size = read_group_size(payload, bounds.match_group);
  out.group_size_max = static_cast<std::uint32_t>(bounds.match_group);
  out.timeout = read_timeout(payload);
  const auto criteria = payload.optional_object("criteria", bounds.criteria);
  out.fields_size = payload.check_values("criteria");
  if (payload.error()) return payload.error();
  out.payload = payload.text();
  out.has_own_fields = payload.has_others_than("namespace", "group_size", "criteria", "timeout_ms");
  out.has_criteria = criteria.has_value();
  if (criteria) out.criteria_key = canonical_json(*criteria);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 CreateRoomRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.room_id = payload.required_text("room_id", bounds.name);
  // Checked only: the room policy reads it among the fields.
  static_cast<void>(payload.optional_integer("max_size"));
  out.watches = read_watch(payload);
  out.fields = payload.parsed();
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds, RoomRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.room_id = payload.required_text("room_id", bounds.name);
  if (message.type == MessageType::kJoinRoom) out.watches = read_watch(payload);
  out.fields = payload.parsed();
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 ListRoomsRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.limit = read_limit(payload, bounds.discover_limit);
  out.after = read_place(payload);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds, KickRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.room_id = payload.required_text("room_id", bounds.name);
  out.target = payload.required_text("fingerprint", kUnbounded);
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds& bounds,
                                 MetadataRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.meta = payload.optional_meta("meta", bounds.meta);
  if (out.meta.empty()) payload.refuse("meta required");
  return payload.error();
}

RequestError MessageParser::read(const Message& message, const Bounds&, AuthRefreshRequest& out) {
  PayloadReader payload = impl_->reader(message);
  out.token = payload.required_text("token", kUnbounded);
  return payload.error();
}

}  // namespace peer
