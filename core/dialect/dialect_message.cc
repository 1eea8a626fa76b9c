#include "core/dialect/dialect_message.h"

#include "core/base/fingerprint.h"
#include "core/protocol/json_number.h"
#include "core/protocol/json_scan.h"
#include "core/session/turned_away.h"
#include "core/wire/notices.h"

namespace peer {
namespace {

// What a raw string says; empty: it is none, or not Unicode. `room`: for what is escaped in it.
std::string_view text_in(std::string_view raw, std::string& room) {
  if (!is_json_string(raw)) return {};
  if (raw.find('\\') == raw.npos) return without_quotes(raw);
  room.clear();
  return append_decoded(room, raw) ? std::string_view(room) : std::string_view();
}

// What clients say to each other, nearly all that there is to tell, is not read again.
sdk::DialectMessage message_of(std::string_view text, const RelayedParts& parts,
                               DecodedNames& names) {
  sdk::DialectMessage message;
  message.text = text;
  message.type = parts.type;
  message.from = parse_fingerprint(parts.from);
  message.payload = parts.payload;
  message.ns = text_in(parts.ns, names.ns);
  message.data = parts.data;
  return message;
}

}  // namespace

sdk::DialectMessage message_of(const FrameRef& frame, DecodedNames& names) {
  const std::string_view text = text_of(frame);
  if (const auto parts = relayed_parts(frame)) return message_of(text, *parts, names);
  sdk::DialectMessage message;
  message.text = text;
  ObjectCursor cursor(text);
  for (JsonMember member; cursor.next(member);) {
    const std::string_view key = without_quotes(member.key);
    if (is_word(key, "type")) {
      message.type = text_in(member.value, names.type);
    } else if (is_word(key, "from")) {
      std::string room;
      message.from = parse_fingerprint(text_in(member.value, room));
    } else if (is_word(key, "namespace")) {
      message.ns = text_in(member.value, names.ns);
    } else if (is_word(key, "id")) {
      message.id = member.value;
    } else if (is_word(key, "payload")) {
      message.payload = member.value;
    }
  }
  if (message.type == "broadcast") message.data = find_member(message.payload, "data");
  if (message.type == "error") {
    const auto code = integer_value(find_member(message.payload, "code"));
    message.code = static_cast<int>(code.value_or(0));
  }
  return message;
}

std::string words_of(const sdk::DialectMessage& error) {
  const std::string_view raw = find_member(error.payload, "message");
  std::string words;
  if (!is_json_string(raw) || !append_decoded(words, raw)) words.clear();
  return words;
}

sdk::DialectRefusal::Reason reason_of(int code, std::string_view words, bool joins) {
  using Reason = sdk::DialectRefusal::Reason;
  if (words == kBannedMessage) return Reason::kBanned;
  if (code == 503) return Reason::kFull;
  if (joins && code < 500) return Reason::kNotAllowed;
  if (code == 401) return Reason::kUnauthorized;
  if (code == 409) return Reason::kTaken;
  return code == 400 ? Reason::kInvalid : Reason::kOther;
}

}  // namespace peer
