#include "base64.h"

#include <array>
#include <cstdint>

namespace peer_keys {
namespace {

using Alphabet = std::array<std::uint8_t, 256>;

constexpr std::uint8_t kForeign = 0xFF;
constexpr std::string_view kUrlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr Alphabet alphabet(char digit_62, char digit_63) {
  Alphabet values{};
  for (std::uint8_t& value : values) value = kForeign;
  for (std::uint8_t i = 0; i < 62; ++i) values[static_cast<std::uint8_t>(kUrlDigits[i])] = i;
  values[static_cast<std::uint8_t>(digit_62)] = 62;
  values[static_cast<std::uint8_t>(digit_63)] = 63;
  return values;
}

constexpr Alphabet kUrl = alphabet('-', '_');
constexpr Alphabet kStandard = alphabet('+', '/');

std::optional<std::string> decode(std::string_view text, const Alphabet& alphabet) {
  // One digit has six bits, which make no byte.
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes(text.size() / 4 * 3 + text.size() % 4 * 3 / 4, '\0');
  char* out = bytes.data();
  std::uint32_t seen = 0;  // no digit has the first bit of kForeign
  const auto value_of = [&](char c) {
    const std::uint32_t value = alphabet[static_cast<std::uint8_t>(c)];
    seen |= value;
    return value;
  };
  while (text.size() >= 4) {
    const std::uint32_t bits = value_of(text[0]) << 18 | value_of(text[1]) << 12 |
                               value_of(text[2]) << 6 | value_of(text[3]);
    *out++ = static_cast<char>(bits >> 16);
    *out++ = static_cast<char>(bits >> 8);
    *out++ = static_cast<char>(bits);
    text.remove_prefix(4);
  }
  if (!text.empty()) {
    std::uint32_t bits = value_of(text[0]) << 12 | value_of(text[1]) << 6;
    if (text.size() == 3) bits |= value_of(text[2]);
    *out++ = static_cast<char>(bits >> 10);
    if (text.size() == 3) *out++ = static_cast<char>(bits >> 2);
    // The last digit has bits that belong to no byte. Zero is the one way to write them.
    if ((bits & (text.size() == 3 ? 0x3U : 0x3FFU)) != 0) return std::nullopt;
  }
  if ((seen & 0x80) != 0) return std::nullopt;
  return bytes;
}

/// False when the `=` at the end are not what the length asks for.
bool take_padding(std::string_view& text) {
  if (text.size() % 4 != 0) return false;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return true;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) { return decode(text, kUrl); }

std::optional<std::string> decode_base64(std::string_view text) {
  if (!take_padding(text)) return std::nullopt;
  return decode(text, kStandard);
}

std::optional<std::string> decode_any_base64(std::string_view text) {
  if (text.ends_with('=') && !take_padding(text)) return std::nullopt;
  // A text without the last two digits is the same in both alphabets; one with digits of both is
  // refused.
  const bool url = text.find_first_of("-_") != text.npos;
  return decode(text, url ? kUrl : kStandard);
}

std::string encode_base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<std::uint8_t>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text.push_back(kUrlDigits[(bits >> held) & 63]);
    }
  }
  if (held > 0) text.push_back(kUrlDigits[(bits << (6 - held)) & 63]);
  return text;
}

}  // namespace peer_keys
