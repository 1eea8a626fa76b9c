#include "core/protocol/message.h"

#include <array>

#include "core/protocol/json_bytes.h"
#include "core/protocol/json_number.h"
#include "core/protocol/json_text.h"
#include "core/protocol/message_parser.h"
#include "core/protocol/structural_cursor.h"

// simdjson's DOM validates the whole text; its tree is then left alone, since it no longer knows
// the client's own bytes. A scan of the text, which can be trusted by now, finds the envelope's
// slices.

namespace peer {
namespace {

constexpr std::array<std::string_view, kMessageTypeCount> kTypeTexts = {
    "unknown",   "register",  "join",     "leave",        "discover",      "signal",
    "relay",     "broadcast", "match",    "match_cancel", "create_room",   "join_room",
    "room_info", "kick",      "metadata", "ping",         "auth_response",
};

/// The DOM refuses a scalar in the 1024th container and takes an empty one: never more than we do.
static_assert(simdjson::DEFAULT_MAX_DEPTH == 1024);
/// The parser's buffers take about 14 bytes for each byte of the longest message, for good. Longer
/// ones get the check that needs no memory.
constexpr std::size_t kMaxDomLength = 1024 * 1024;

constexpr std::size_t kMaxIdLength = 64;

/// What the DOM refuses although we must not: numbers beyond 64 bits or the range of a double,
/// unpaired surrogate escapes, a scalar at depth 1024. It has no words of their own for these.
bool may_be_valid_all_the_same(simdjson::error_code error) {
  return error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR ||
         error == simdjson::DEPTH_ERROR || error == simdjson::MEMALLOC;
}

enum class Validity { kInvalid, kValid, kValidAndIndexed };

Validity validate(simdjson::dom::parser& dom, std::string_view text) {
  if (text.size() > kMaxDomLength) {
    return is_valid_json(text) ? Validity::kValid : Validity::kInvalid;
  }
  const auto error = dom.parse(text.data(), text.size(), false).error();
  if (error == simdjson::SUCCESS) return Validity::kValidAndIndexed;
  if (!may_be_valid_all_the_same(error) || !is_valid_json(text)) return Validity::kInvalid;
  return error == simdjson::MEMALLOC ? Validity::kValid : Validity::kValidAndIndexed;
}

using ErrorText = std::optional<std::string_view>;

ErrorText read_id(std::string_view raw, TextArena& texts, std::string_view& id) {
  if (is_absent_or_null(raw)) return std::nullopt;
  if (is_json_string(raw)) {
    const auto text = texts.decode(raw);
    if (!text) return "id must be valid Unicode";
    if (text->size() > kMaxIdLength) return "id too long";
  } else {
    if (!is_json_number(raw)) return "id must be a string or an integer";
    if (raw.size() > kMaxIdLength) return "id too long";
    if (!integer_value(raw)) return "id must be a string or an integer";
  }
  id = raw;
  return std::nullopt;
}

ErrorText read_type(std::string_view raw, TextArena& texts, Message& out) {
  if (is_absent_or_null(raw)) return std::nullopt;
  if (!is_json_string(raw)) return "type must be a string";
  const auto text = texts.decode(raw);
  if (!text) return "type must be valid Unicode";
  out.type_text = *text;
  out.type = message_type_of(*text);
  return std::nullopt;
}

/// Only `signal` and `relay` read `to`; what others carry there is none of the server's business.
ErrorText read_to(std::string_view raw, TextArena& texts, Message& out) {
  if (is_absent_or_null(raw)) return std::nullopt;
  if (!is_json_string(raw)) {
    out.to_is_wrong_type = true;
    return std::nullopt;
  }
  out.to = texts.decode(raw);
  const bool is_read = out.type == MessageType::kSignal || out.type == MessageType::kRelay;
  if (!out.to && is_read) return "to must be valid Unicode";
  return std::nullopt;
}

}  // namespace

std::string_view to_text(MessageType type) { return kTypeTexts[static_cast<std::size_t>(type)]; }

MessageType message_type_of(std::string_view text) {
  for (std::size_t i = 1; i < kTypeTexts.size(); ++i) {
    if (kTypeTexts[i] == text) return static_cast<MessageType>(i);
  }
  return MessageType::kUnknown;
}

MessageParser::MessageParser() : impl_(std::make_unique<Impl>()) {}
MessageParser::~MessageParser() = default;

std::optional<std::string_view> MessageParser::parse(std::string_view text, Message& out) {
  out = {};
  impl_->texts.clear();
  const Validity validity = validate(impl_->dom, text);
  if (validity == Validity::kInvalid) return kInvalidMessage;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto object = text.substr(static_cast<std::size_t>(skip_json_space(begin, end) - begin));
  if (!object.starts_with('{')) return kInvalidMessage;

  auto& envelope = impl_->envelope;
  TextArena& texts = impl_->texts;
  const ErrorText bad_members =
      validity == Validity::kValidAndIndexed
          ? read_members(StructuralCursor(impl_->dom, text), texts, envelope)
          : read_members(ObjectCursor(object), texts, envelope);
  const ErrorText bad_id = read_id(value_of(envelope, "id"), texts, out.id);
  if (bad_members) return bad_members;
  if (bad_id) return bad_id;
  if (auto bad_type = read_type(value_of(envelope, "type"), texts, out)) return bad_type;
  out.payload = value_of(envelope, "payload");
  return read_to(value_of(envelope, "to"), texts, out);
}

std::optional<std::string_view> MessageParser::parse_payload(std::string_view text, Message& out) {
  out = {};
  impl_->texts.clear();
  if (validate(impl_->dom, text) == Validity::kInvalid) return kInvalidMessage;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  out.payload = text.substr(static_cast<std::size_t>(skip_json_space(begin, end) - begin));
  return std::nullopt;
}

}  // namespace peer
