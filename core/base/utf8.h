#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace peer {

/// Checks UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) that arrives
/// in pieces. An error is seen at the first byte that cannot be part of any valid text. One checker
/// has one text at a time, and one thread.
class Utf8Checker {
 public:
  /// Returns false, from then on always until reset(), once the text is invalid.
  [[nodiscard]] bool feed(std::span<const std::uint8_t> bytes);
  /// True when the text may end here: not within a character, not after an error.
  [[nodiscard]] bool complete() const { return state_ == 0; }
  void reset() { state_ = 0; }

 private:
  std::uint8_t state_ = 0;
};

/// True when `bytes` is valid UTF-8 as a whole.
[[nodiscard]] bool is_valid_utf8(std::span<const std::uint8_t> bytes);
[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// How many of the `size` bytes at `text`, 64 at most, are ASCII or whole characters of two bytes,
/// up to the first that is anything else, or cut. `beyond`: which of them are not ASCII (bit n is
/// byte n).
[[gnu::always_inline]] inline std::ptrdiff_t skip_pairs(const std::uint8_t* text,
                                                        std::uint64_t beyond, std::ptrdiff_t size) {
  while (beyond != 0) {
    const std::ptrdiff_t at = std::countr_zero(beyond);
    if (at == size - 1) return at;
    const bool begins_two = static_cast<std::uint8_t>(text[at] - 0xC2) <= 0xDF - 0xC2;
    if (!begins_two || (text[at + 1] & 0xC0) != 0x80) [[unlikely]]
      return at;
    beyond &= beyond - 1;
    beyond &= beyond - 1;
  }
  return size;
}

}  // namespace peer
