#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

/// What header fields may be made of, byte by byte. Pure functions; any thread.
///
/// These rules keep an answer from being split (RFC 9112 11.1): CR, LF and NUL are part of nothing
/// here, so a text that has passed them ends no line. The head of a request is held against them
/// when it is read, a header of a plugin before it is written.
namespace peer {

/// What a byte of a header field may be part of.
struct FieldByte {
  bool in_token = false;  ///< RFC 9110 5.6.2
  bool in_value = false;  ///< visible, space, tab, or above ASCII (RFC 9110 5.5)
};

inline constexpr std::array<FieldByte, 256> kFieldBytes = [] {
  std::array<FieldByte, 256> kinds;
  for (std::size_t byte = 0; byte < kinds.size(); ++byte) {
    const bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    kinds[byte].in_token = is_letter || (byte >= '0' && byte <= '9');
    kinds[byte].in_value = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  }
  for (const char symbol : std::string_view("!#$%&'*+-.^_`|~")) {
    kinds[static_cast<unsigned char>(symbol)].in_token = true;
  }
  return kinds;
}();

/// How many bytes at the front of `text` may be part of a token; 0 where it begins with none.
[[nodiscard]] inline std::size_t token_length(std::string_view text) {
  const auto* const end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return kFieldBytes[static_cast<unsigned char>(c)].in_token;
  });
  return static_cast<std::size_t>(end - text.begin());
}

/// A token, such as the name of a header.
[[nodiscard]] inline bool is_token(std::string_view text) {
  return !text.empty() && token_length(text) == text.size();
}

/// How many bytes at the front of `text` may stand behind the colon of a header.
[[nodiscard]] inline std::size_t field_value_length(std::string_view text) {
  const auto* const end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return kFieldBytes[static_cast<unsigned char>(c)].in_value;
  });
  return static_cast<std::size_t>(end - text.begin());
}

/// What may stand behind the colon of a header; nothing may, too.
[[nodiscard]] inline bool is_field_value(std::string_view text) {
  return field_value_length(text) == text.size();
}

}  // namespace peer
