#include "core/base/fingerprint.h"

#include <openssl/sha.h>

#include <array>

namespace peer {
namespace {

constexpr std::size_t kHexLength = 64;

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> hex_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 16; ++i) {
    values[static_cast<std::uint8_t>("0123456789abcdef"[i])] = i;
    values[static_cast<std::uint8_t>("0123456789ABCDEF"[i])] = i;
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kHexValues = hex_values();

}  // namespace

Fingerprint fingerprint_of(std::string_view public_key) {
  Fingerprint fingerprint;
  SHA256(reinterpret_cast<const unsigned char*>(public_key.data()), public_key.size(),
         fingerprint.bytes.data());
  return fingerprint;
}

void write_hex(const Fingerprint& fingerprint, char* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t byte : fingerprint.bytes) {
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 15];
  }
}

std::string to_hex(const Fingerprint& fingerprint) {
  std::string hex(kHexLength, '\0');
  write_hex(fingerprint, hex.data());
  return hex;
}

std::optional<Fingerprint> parse_fingerprint(std::string_view text) {
  if (text.size() != kHexLength) return std::nullopt;
  Fingerprint fingerprint;
  unsigned seen = 0;  // without a branch for each digit: every signal names its target so
  for (std::size_t i = 0; i < fingerprint.bytes.size(); ++i) {
    const unsigned high = kHexValues[static_cast<std::uint8_t>(text[2 * i])];
    const unsigned low = kHexValues[static_cast<std::uint8_t>(text[2 * i + 1])];
    seen |= high | low;
    fingerprint.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (seen > 15) return std::nullopt;
  return fingerprint;
}

}  // namespace peer
