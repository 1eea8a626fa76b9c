#include "core/base/fingerprint.h"

#include <openssl/crypto.h>

#include <array>
#include <string>

#include "core/base/digest.h"
#include "core/base/hex.h"

namespace peer {
namespace {

constexpr std::size_t kHexLength = 64;

}  // namespace

Fingerprint fingerprint_of(std::string_view public_key) { return {sha256_of(public_key)}; }

Fingerprint fingerprint_of_identity(std::string_view identity) {
  using namespace std::string_literals;
  return fingerprint_of("\0identity\0"s.append(identity));
}

std::string foreign_key(std::string_view dialect, std::string_view realm) {
  using namespace std::string_literals;
  return "\0dialect\0"s.append(dialect).append("\0"s).append(realm).append("\0"s);
}

bool is_same_in_constant_time(const Fingerprint& one, const Fingerprint& other) {
  return CRYPTO_memcmp(one.bytes.data(), other.bytes.data(), one.bytes.size()) == 0;
}

void write_hex(const Fingerprint& fingerprint, char* out) { write_hex(fingerprint.bytes, out); }

std::string to_hex(const Fingerprint& fingerprint) {
  std::string hex(kHexLength, '\0');
  write_hex(fingerprint, hex.data());
  return hex;
}

// Every signal names its target by 64 digits. Without tables and branches the compiler does 16 of
// them at a time.
std::optional<Fingerprint> parse_fingerprint(std::string_view text) {
  if (text.size() != kHexLength) return std::nullopt;
  std::array<std::uint8_t, kHexLength> digits;
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    // As unsigned bytes, so that what comes before '0' or 'a' is far beyond 9 or 'f'.
    const auto decimal = static_cast<std::uint8_t>(text[i] - '0');
    const auto letter = static_cast<std::uint8_t>((text[i] | 0x20) - 'a');
    digits[i] = static_cast<std::uint8_t>(decimal <= 9 ? decimal : letter + 10);
    bad = static_cast<std::uint8_t>(bad | (decimal > 9 && letter > 5 ? 1 : 0));
  }
  if (bad != 0) return std::nullopt;
  Fingerprint fingerprint;
  for (std::size_t i = 0; i < fingerprint.bytes.size(); ++i) {
    fingerprint.bytes[i] = static_cast<std::uint8_t>(digits[2 * i] << 4 | digits[2 * i + 1]);
  }
  return fingerprint;
}

}  // namespace peer
