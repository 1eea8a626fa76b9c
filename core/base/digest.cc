// The functions of one algorithm each, which OpenSSL 3 calls deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/base/digest.h"

#include <openssl/sha.h>

// Hashes by OpenSSL. Its calls for a whole text at once (SHA256()) look the algorithm up by its
// name each time, under locks that all threads share: 3,700 of 5,800 instructions for the
// fingerprint of a key. By EVP_DigestInit_ex2() and a context of each thread it is 900 of 3,000,
// since the state is allocated and wiped for each text. Here it is on the stack.
namespace peer {

std::array<std::uint8_t, kSha1Size> sha1_of(std::string_view bytes) {
  std::array<std::uint8_t, kSha1Size> digest;
  SHA_CTX state;
  SHA1_Init(&state);
  SHA1_Update(&state, bytes.data(), bytes.size());
  SHA1_Final(digest.data(), &state);
  return digest;
}

std::array<std::uint8_t, kSha256Size> sha256_of(std::string_view bytes) {
  std::array<std::uint8_t, kSha256Size> digest;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &state);
  return digest;
}

std::string hex_of(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    hex.push_back(kDigits[byte >> 4U]);
    hex.push_back(kDigits[byte & 15U]);
  }
  return hex;
}

}  // namespace peer
