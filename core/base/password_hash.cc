#include "core/base/password_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>

#include "core/base/digest.h"
#include "core/base/random.h"

// In: passwords of rooms, on the thread of core/room/passwords.cc. Out:
// `scrypt-14-8-1:<salt>:<key>` in hex. The parameters stand in front, so that they can be raised
// one day: what has others is no hash of ours.
namespace peer {
namespace {

constexpr std::string_view kHead = "scrypt-14-8-1:";
constexpr std::uint64_t kN = 1U << 14U;
constexpr std::uint64_t kR = 8;
constexpr std::uint64_t kP = 1;
constexpr std::uint64_t kMaxMemory = 64 * 1024 * 1024;
constexpr std::size_t kSalt = 16;
constexpr std::size_t kKey = 32;

// The salt is used as it is written.
std::optional<std::string> key_of(std::string_view password, std::string_view salt) {
  unsigned char key[kKey];
  if (EVP_PBE_scrypt(password.data(), password.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), kN, kR, kP,
                     kMaxMemory, key, kKey) != 1) {
    return std::nullopt;
  }
  std::string hex = hex_of(key);
  OPENSSL_cleanse(key, kKey);
  return hex;
}

}  // namespace

Secret::~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

void wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

std::optional<std::string> password_hash(std::string_view password) {
  const std::string salt = random_hex(kSalt);
  const auto key = key_of(password, salt);
  if (!key) return std::nullopt;
  return std::string(kHead) + salt + ":" + *key;
}

std::optional<bool> password_matches(std::string_view password, std::string_view hash) {
  const bool is_ours = hash.size() == kHead.size() + 2 * kSalt + 1 + 2 * kKey &&
                       hash.starts_with(kHead) && hash[kHead.size() + 2 * kSalt] == ':';
  if (!is_ours) return std::nullopt;
  const auto key = key_of(password, hash.substr(kHead.size(), 2 * kSalt));
  if (!key) return std::nullopt;
  return CRYPTO_memcmp(key->data(), hash.data() + hash.size() - 2 * kKey, 2 * kKey) == 0;
}

}  // namespace peer
