#include "core/protocol/message.h"

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/protocol/json_bytes.h"
#include "core/protocol/json_grammar.h"
#include "core/protocol/json_number.h"
#include "core/protocol/json_text.h"
#include "core/protocol/message_parser.h"

// One client message. In: the text of a frame, valid UTF-8, on the loop that received it. Out: the
// envelope as slices of that text, or the words of a 400 error.
//
// One pass over the text checks all of it, and finds the slices (json_grammar.h).
namespace peer {
namespace {

constexpr std::array<std::string_view, kMessageTypeCount> kTypeTexts = {
    "unknown",   "register",     "join",       "leave",        "discover",      "signal",
    "relay",     "broadcast",    "match",      "match_cancel", "create_room",   "join_room",
    "room_info", "kick",         "metadata",   "ping",         "auth_response", "ice_servers",
    "resume",    "auth_refresh", "list_rooms",
};

/// Written out for each word, so that each comparison is with a constant of known length: as a loop
/// this costs a ping 130 instructions more.
template <std::size_t... kIndex>
MessageType type_among(std::string_view text, std::index_sequence<kIndex...>) {
  auto type = MessageType::kUnknown;
  const auto is = [text](std::string_view word) {
    return text.size() == word.size() && std::memcmp(text.data(), word.data(), word.size()) == 0;
  };
  (void)((is(kTypeTexts[kIndex + 1]) && (type = static_cast<MessageType>(kIndex + 1), true)) ||
         ...);
  return type;
}

constexpr std::size_t kMaxIdLength = 64;

using ErrorText = std::optional<std::string_view>;

ErrorText read_id(const JsonMember& member, TextArena& texts, std::string_view& id) {
  const std::string_view raw = member.value;
  if (is_absent_or_null(raw)) return std::nullopt;
  if (is_json_string(raw)) {
    const auto text = text_of(member, texts);
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

ErrorText read_type(const JsonMember& member, TextArena& texts, Message& out) {
  if (is_absent_or_null(member.value)) return std::nullopt;
  if (!is_json_string(member.value)) return "type must be a string";
  const auto text = text_of(member, texts);
  if (!text) return "type must be valid Unicode";
  out.type_text = *text;
  out.type = message_type_of(*text);
  return std::nullopt;
}

/// Only `signal` and `relay` read `to`. Other messages may have anything there.
ErrorText read_to(const JsonMember& member, TextArena& texts, Message& out) {
  if (is_absent_or_null(member.value)) return std::nullopt;
  if (!is_json_string(member.value)) {
    out.to_is_wrong_type = true;
    return std::nullopt;
  }
  out.to = text_of(member, texts);
  const bool is_read = out.type == MessageType::kSignal || out.type == MessageType::kRelay;
  if (!out.to && is_read) return "to must be valid Unicode";
  return std::nullopt;
}

}  // namespace

std::string_view to_text(MessageType type) { return kTypeTexts[static_cast<std::size_t>(type)]; }

MessageType message_type_of(std::string_view text) {
  return type_among(text, std::make_index_sequence<kMessageTypeCount - 1>());
}

MessageParser::MessageParser() : impl_(std::make_unique<Impl>()) {}
MessageParser::~MessageParser() = default;

std::optional<std::string_view> MessageParser::parse(std::string_view text, Message& out) {
  out = {};
  impl_->texts.clear();
  auto& envelope = impl_->envelope;
  TextArena& texts = impl_->texts;
  clear_members(envelope);
  clear_members(impl_->payload);
  impl_->payload_is_raw = false;
  if (!read_json_object(text, envelope, &impl_->payload)) return kInvalidMessage;
  const ErrorText bad_members = decode_keys(texts, envelope);
  // The id comes before any other error: its answer should have it (docs/protocol.md, "C.1 Request
  // ids").
  const ErrorText bad_id = read_id(member_of(envelope, "id"), texts, out.id);
  if (bad_members) return bad_members;
  if (bad_id) return bad_id;
  if (auto bad_type = read_type(member_of(envelope, "type"), texts, out)) return bad_type;
  const JsonMember& payload = member_of(envelope, "payload");
  out.payload = payload.value;
  impl_->payload_is_raw = !impl_->payload.empty() && payload.key_is_plain;
  out.has_members = impl_->payload_is_raw;
  return read_to(member_of(envelope, "to"), texts, out);
}

std::optional<std::string_view> MessageParser::parse_payload(std::string_view text, Message& out) {
  out = {};
  impl_->texts.clear();
  impl_->payload_is_raw = false;
  if (!is_valid_json(text)) return kInvalidMessage;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  out.payload = text.substr(static_cast<std::size_t>(skip_json_space(begin, end) - begin));
  return std::nullopt;
}

}  // namespace peer
