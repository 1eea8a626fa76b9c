#include "core/protocol/payload_reader.h"

#include <algorithm>
#include <utility>

#include "core/protocol/json_number.h"

// The fields of one payload, on the loop that received it. In: validated JSON. Out: decoded texts,
// numbers and raw values, or the words of the first 400 error ("<field> required").
namespace peer {
namespace {

constexpr std::size_t kMaxFieldDepth = kMaxPayloadDepth - 1;

std::string words(std::string_view field, std::string_view rest) {
  std::string text(field);
  text += ' ';
  text += rest;
  return text;
}

/// The length of Meta::to_json() after a merge of `object` alone.
std::size_t stored_size(std::string_view object) {
  std::size_t size = 1;
  ObjectCursor cursor(object);
  for (JsonMember member; cursor.next(member);) {
    if (!is_json_null(member.value)) size += member.key.size() + member.value.size() + 2;
  }
  return size == 1 ? 2 : size;
}

}  // namespace

PayloadReader::PayloadReader(std::string_view payload, TextArena& texts,
                             std::vector<JsonMember>& members, bool found)
    : payload_(is_absent_or_null(payload) ? "{}" : payload), texts_(texts), members_(members) {
  if (!found) members_.clear();
  if (!payload_.starts_with('{')) {
    refuse("payload must be an object");
    return;
  }
  const auto bad = found ? decode_keys(texts_, members_) : read_members(payload_, texts_, members_);
  if (bad) refuse(std::string(*bad));
}

void PayloadReader::refuse(std::string words) {
  if (!error_) error_ = std::move(words);
}

std::optional<std::string_view> PayloadReader::text(std::string_view field,
                                                    const JsonMember& member) {
  if (!is_json_string(member.value)) {
    refuse(words(field, "must be a string"));
    return std::nullopt;
  }
  const auto decoded = text_of(member, texts_);
  if (!decoded) refuse(words(field, "must be valid Unicode"));
  return decoded;
}

std::optional<std::string_view> PayloadReader::optional_text(std::string_view field,
                                                             const JsonMember& member,
                                                             std::size_t max) {
  if (member.value.empty()) return std::nullopt;
  const auto decoded = text(field, member);
  // The bound is one of the decoded text: how a client escapes it makes no difference.
  if (decoded && decoded->size() > max) refuse(words(field, "too long"));
  return decoded;
}

std::string_view PayloadReader::required_text(std::string_view field, const JsonMember& member,
                                              std::size_t max) {
  const auto value = optional_text(field, member, max);
  if (!value || value->empty()) refuse(words(field, "required"));
  return value.value_or(std::string_view());
}

std::optional<std::int64_t> PayloadReader::integer(std::string_view field, std::string_view value) {
  const auto integer = is_json_number(value) ? integer_value(value) : std::nullopt;
  if (!integer) refuse(words(field, "must be an integer"));
  return integer;
}

std::string_view PayloadReader::number(std::string_view field, std::string_view value) {
  if (value.empty() || is_json_number(value)) return value;
  refuse(words(field, "must be a number"));
  return {};
}

std::optional<bool> PayloadReader::boolean(std::string_view field, std::string_view value) {
  if (value.empty()) return std::nullopt;
  if (value != "true" && value != "false") refuse(words(field, "must be a boolean"));
  return value == "true";
}

std::string_view PayloadReader::meta(std::string_view field, std::string_view value,
                                     std::size_t max) {
  if (value.empty()) return {};
  if (!value.starts_with('{')) {
    refuse(words(field, "must be an object"));
    return {};
  }
  std::vector<JsonMember> members;
  if (const auto bad = read_members(value, texts_, members)) refuse(std::string(*bad));
  if (stored_size(value) > max) refuse(words(field, "too large"));
  return value;
}

std::optional<std::string_view> PayloadReader::object(std::string_view field,
                                                      std::string_view value, std::size_t max) {
  if (!value.starts_with('{')) refuse(words(field, "must be an object"));
  if (value.size() > max) refuse(words(field, "too large"));
  return error_ ? std::nullopt : std::optional(value);
}

std::vector<std::string_view> PayloadReader::texts(std::string_view field, std::string_view value,
                                                   std::size_t max) {
  std::vector<std::string_view> texts;
  if (!value.empty() && !value.starts_with('[')) {
    refuse(words(field, "must be an array of strings"));
    return texts;
  }
  ListCursor cursor(value);
  for (std::string_view element; !error_ && cursor.next(element);) {
    // Counted while they are read: a list of a million strings ends here at once.
    if (texts.size() == max) refuse(words(field, "too large"));
    if (!is_json_string(element)) refuse(words(field, "must be an array of strings"));
    if (const auto decoded = text(field, {{}, element})) texts.push_back(*decoded);
  }
  return texts;
}

sdk::Value PayloadReader::parsed() {
  sdk::Value value;
  if (error_) return value;
  // The members have been found, and their keys compared.
  auto& object = value.data.emplace<sdk::Value::Object>();
  for (const JsonMember& member : members_) {
    sdk::Value& parsed = object.try_emplace(std::string(member.key)).first->second;
    const ValueFault fault = parse_json_value(member.value, kMaxFieldDepth, parsed);
    if (fault == ValueFault::kNone) continue;
    refuse("payload", fault);
    break;
  }
  return value;
}

std::size_t PayloadReader::check_values(std::string_view field) {
  std::size_t size = sizeof(sdk::Value);
  if (error_) return size;
  sdk::Value parsed;
  for (const JsonMember& member : members_) {
    size += kMemberSize + member.key.size();
    // Nothing can be wrong with a scalar without escapes, so it need not be parsed.
    const char first = member.value.front();
    if (first != '{' && first != '[' && member.value_is_plain) {
      size += sizeof(sdk::Value) + (first == '"' ? member.value.size() - 2 : 0);
      continue;
    }
    const ValueFault fault = parse_json_value(member.value, kMaxFieldDepth, parsed);
    size += memory_of(parsed);
    if (fault == ValueFault::kNone) continue;
    const std::string_view named = member_of(members_, field).value;
    if (!is_absent_or_null(named)) {
      refuse(field, parse_json_value(named, kMaxFieldDepth, parsed));
    }
    refuse("payload", fault);
    break;
  }
  return size;
}

void PayloadReader::refuse(std::string_view field, ValueFault fault) {
  switch (fault) {
    case ValueFault::kNone:
      break;
    case ValueFault::kTooDeep:
      refuse(words(field, "too deep"));
      break;
    case ValueFault::kDuplicateKey:
      refuse(std::string(kDuplicateField));
      break;
    case ValueFault::kUnpairedSurrogate:
      refuse(words(field, "must be valid Unicode"));
      break;
  }
}

}  // namespace peer
