#include "core/base/turn_credential.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace peer {

std::string turn_credential(std::string_view secret, std::string_view username) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(username.data()), username.size(), digest.data(),
       &size);
  std::array<unsigned char, 64> text{};  // 28 characters for the 20 bytes of SHA-1, and a NUL
  const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

}  // namespace peer
