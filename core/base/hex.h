#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace peer {

/// Writes the lower-case digits of some bytes, twice as many, not terminated. Pure; any thread.
/// Without tables and branches, so that the compiler does 16 digits at a time: 60 instructions for
/// the 32 bytes of a fingerprint.
template <std::size_t kBytes>
void write_hex(const std::array<std::uint8_t, kBytes>& bytes, char* out) {
  std::array<std::uint8_t, 2 * kBytes> digits;
  for (std::size_t i = 0; i < kBytes; ++i) {
    digits[2 * i] = bytes[i] >> 4;
    digits[2 * i + 1] = bytes[i] & 15;
  }
  constexpr int kToLetters = 'a' - '9' - 1;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    out[i] = static_cast<char>('0' + digits[i] + (digits[i] > 9 ? kToLetters : 0));
  }
}

}  // namespace peer
