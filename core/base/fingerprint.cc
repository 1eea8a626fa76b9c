#include "core/base/fingerprint.h"

#include <openssl/sha.h>

namespace peer {
namespace {

constexpr std::size_t kHexLength = 64;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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
  for (std::size_t i = 0; i < fingerprint.bytes.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    fingerprint.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return fingerprint;
}

}  // namespace peer
