#include "core/dialect/dialect_message.h"

#include "core/base/fingerprint.h"
#include "core/protocol/json_number.h"
#include "core/protocol/json_scan.h"
#include "core/session/registration.h"

namespace peer {
namespace {

// What a raw string says; empty: it is none, or not Unicode. `room`: for what is escaped in it.
std::string_view text_in(const JsonMember& member, std::string& room) {
  if (!is_json_string(member.value)) return {};
  if (member.value_is_plain) return without_quotes(member.value);
  room.clear();
  return append_decoded(room, member.value) ? std::string_view(room) : std::string_view();
}

}  // namespace

sdk::DialectMessage message_of(std::string_view text, DecodedNames& names) {
  sdk::DialectMessage message;
  message.text = text;
  ObjectCursor cursor(text);
  for (JsonMember member; cursor.next(member);) {
    const std::string_view key = without_quotes(member.key);
    if (is_word(key, "type")) {
      message.type = text_in(member, names.type);
    } else if (is_word(key, "from")) {
      std::string room;
      message.from = parse_fingerprint(text_in(member, room));
    } else if (is_word(key, "namespace")) {
      message.ns = text_in(member, names.ns);
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
