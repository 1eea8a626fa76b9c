#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/value.h>

#include "core/protocol/json_members.h"
#include "core/protocol/json_value.h"

namespace peer {

/// Of a payload that is parsed for a plugin: it is parsed by recursion, and destroyed by recursion.
inline constexpr std::size_t kMaxPayloadDepth = 65;

/// Reads the fields of one validated payload, and remembers the first thing that is wrong: read all
/// fields, then ask error(). After an error every field reads as absent. Field names are the wire's
/// and end up in the error's words. `null` is absent everywhere (docs/protocol.md, "Errors").
class PayloadReader {
 public:
  /// An empty or null `payload` counts as {}. `members` is scratch space, or, if they are `found`,
  /// has the raw members of `payload`. All outlive the reader.
  PayloadReader(std::string_view payload, TextArena& texts, std::vector<JsonMember>& members,
                bool found = false);

  // A field is looked up inline, held against a constant: by name and length it took a call for
  // each member.

  /// A string that is there, not empty, and at most `max` bytes long, decoded.
  template <std::size_t kSize>
  std::string_view required_text(const char (&field)[kSize], std::size_t max) {
    return required_text(field, present(field), max);
  }
  /// The same of one that may be absent, and may be empty.
  template <std::size_t kSize>
  std::optional<std::string_view> optional_text(const char (&field)[kSize], std::size_t max) {
    return optional_text(field, present(field), max);
  }
  /// A number whose value is integral, saturated (integer_value()).
  template <std::size_t kSize>
  std::optional<std::int64_t> optional_integer(const char (&field)[kSize]) {
    const std::string_view value = present(field).value;
    return value.empty() ? std::nullopt : integer(field, value);
  }
  /// The text of a number, of any kind; empty when absent.
  template <std::size_t kSize>
  std::string_view optional_number(const char (&field)[kSize]) {
    return number(field, present(field).value);
  }
  template <std::size_t kSize>
  std::optional<bool> optional_boolean(const char (&field)[kSize]) {
    return boolean(field, present(field).value);
  }
  /// A raw object with unique keys that will take at most `max` bytes once it is stored: members
  /// that are null, and white space between members, do not count (see Meta). Empty when absent.
  template <std::size_t kSize>
  std::string_view optional_meta(const char (&field)[kSize], std::size_t max) {
    return meta(field, present(field).value, max);
  }
  /// The text of an object of at most `max` bytes as sent.
  template <std::size_t kSize>
  std::optional<std::string_view> optional_object(const char (&field)[kSize], std::size_t max) {
    const std::string_view value = present(field).value;
    return value.empty() ? std::nullopt : object(field, value, max);
  }
  /// Strings, decoded: at most `max` of them.
  template <std::size_t kSize>
  std::vector<std::string_view> optional_texts(const char (&field)[kSize], std::size_t max) {
    return texts(field, present(field).value, max);
  }
  /// The raw value, `null` too; empty when absent.
  template <std::size_t kSize>
  [[nodiscard]] std::string_view raw(const char (&field)[kSize]) const {
    return error_ ? std::string_view() : member_of(members_, field).value;
  }
  /// The whole payload, parsed.
  sdk::Value parsed();
  /// Refuses what parsed() refuses, and makes nothing that stays. Of what is wrong within the
  /// object `field` the words name that. Returns memory_of() what parsed() would make.
  std::size_t check_values(std::string_view field);
  /// Whether it has members beside these.
  template <std::size_t... kSizes>
  [[nodiscard]] bool has_others_than(const char (&... known)[kSizes]) const {
    return std::any_of(members_.begin(), members_.end(), [&](const JsonMember& member) {
      return !(is_word(member.key, known) || ...);
    });
  }
  /// The object itself, as it came.
  [[nodiscard]] std::string_view text() const { return payload_; }

  /// Notes `words` unless there is an error already.
  void refuse(std::string words);
  [[nodiscard]] const std::optional<std::string>& error() const { return error_; }

 private:
  /// As member_of(), but a value that is `null` counts as absent.
  template <std::size_t kSize>
  const JsonMember& present(const char (&field)[kSize]) const {
    const JsonMember& member = error_ ? kNoMember : member_of(members_, field);
    return is_json_null(member.value) ? kNoMember : member;
  }
  // The same of what has been looked up.
  std::string_view required_text(std::string_view field, const JsonMember& member, std::size_t max);
  std::optional<std::string_view> optional_text(std::string_view field, const JsonMember& member,
                                                std::size_t max);
  std::optional<std::int64_t> integer(std::string_view field, std::string_view value);
  std::string_view number(std::string_view field, std::string_view value);
  std::optional<bool> boolean(std::string_view field, std::string_view value);
  std::string_view meta(std::string_view field, std::string_view value, std::size_t max);
  std::optional<std::string_view> object(std::string_view field, std::string_view value,
                                         std::size_t max);
  std::vector<std::string_view> texts(std::string_view field, std::string_view value,
                                      std::size_t max);
  std::optional<std::string_view> text(std::string_view field, const JsonMember& member);
  void refuse(std::string_view field, ValueFault fault);

  std::string_view payload_;
  TextArena& texts_;
  std::vector<JsonMember>& members_;
  std::optional<std::string> error_;
};

}  // namespace peer
