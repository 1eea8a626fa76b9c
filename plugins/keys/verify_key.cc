#include "verify_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

// In: a message and its signature, from anybody. Out: yes or no. A key is prepared once; each
// verification works on a context of its own, so any number of threads may use one key. OpenSSL's
// error queue belongs to the thread, and is left empty.
namespace peer_keys {
namespace {

using peer::sdk::Error;
using peer::sdk::Result;

// RSA verifies 4096 bits in some 60 us, 8192 in 230.
constexpr int kFastRsaBits = 4096;

struct SignatureDeleter {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::size_t hash_size(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kHs384:
    case Algorithm::kRs384:
    case Algorithm::kEs384:
      return 48;
    case Algorithm::kHs512:
    case Algorithm::kRs512:
      return 64;
    default:
      return 32;
  }
}

/// Fetched once for the process: EVP_sha256() makes OpenSSL look for the hash at each use.
const EVP_MD* hash_of(Algorithm algorithm) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr);
  static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  if (algorithm == Algorithm::kEdDsa) return nullptr;  // it hashes by itself
  const std::size_t size = hash_size(algorithm);
  return size == 32 ? sha256 : size == 48 ? sha384 : sha512;
}

std::string text_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::kSecret:
      return "a secret";
    case KeyKind::kRsa:
      return "an RSA key";
    case KeyKind::kP256:
      return "a P-256 key";
    case KeyKind::kP384:
      return "a P-384 key";
    case KeyKind::kEd25519:
      return "an Ed25519 key";
  }
  return {};
}

bool use_pss(EVP_PKEY_CTX* context, const EVP_MD* hash) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/// r and s, side by side, as the DER that OpenSSL verifies. Empty: of another length.
std::string der_of(std::string_view raw, std::size_t half) {
  if (raw.size() != 2 * half) return {};
  const int size = static_cast<int>(half);
  // ECDSA_SIG_set0() takes both over, but only if it succeeds.
  BIGNUM* r = BN_bin2bn(unsigned_bytes(raw), size, nullptr);
  BIGNUM* s = BN_bin2bn(unsigned_bytes(raw.substr(half)), size, nullptr);
  const std::unique_ptr<ECDSA_SIG, SignatureDeleter> pair(ECDSA_SIG_new());
  if (r == nullptr || s == nullptr || !pair || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  // 16: tags, lengths, and a zero in front of each number whose first bit is set.
  std::string der(2 * half + 16, '\0');
  auto* end = reinterpret_cast<unsigned char*>(der.data());
  const int length = i2d_ECDSA_SIG(pair.get(), &end);
  der.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return der;
}

}  // namespace

Result<VerifyKey> VerifyKey::from_secret(Algorithm algorithm, std::string_view secret) {
  const std::string name(name_of(algorithm));
  if (key_kind_of(algorithm) != KeyKind::kSecret) {
    return Error{name + " takes " + text_of(key_kind_of(algorithm)) + ", not a secret"};
  }
  if (secret.size() < hash_size(algorithm)) {
    return Error{"a secret of " + std::to_string(secret.size()) + " bytes; " + name + " needs " +
                 std::to_string(hash_size(algorithm)) + " or more"};
  }
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  Mac mac(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  std::string hash = "SHA" + std::to_string(8 * hash_size(algorithm));
  const std::array<OSSL_PARAM, 2> params{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), 0),
      OSSL_PARAM_construct_end()};
  if (!mac || EVP_MAC_init(mac.get(), unsigned_bytes(secret), secret.size(), params.data()) != 1) {
    ERR_clear_error();
    return Error{"OpenSSL cannot do " + name};
  }
  return VerifyKey(algorithm, std::move(mac), nullptr, nullptr);
}

Result<VerifyKey> VerifyKey::from_public_key(Algorithm algorithm, Pkey key) {
  const KeyKind wanted = key_kind_of(algorithm);
  const auto kind = kind_of(key);
  if (kind != wanted) {
    return Error{std::string(name_of(algorithm)) + " takes " + text_of(wanted) + ", got " +
                 (kind ? text_of(*kind) : "a key of another kind")};
  }
  // To make one ready, OpenSSL looks for the algorithm by name, through its locks: a copy costs
  // less.
  const EVP_MD* hash = hash_of(algorithm);
  Digest digest(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;  // owned by `digest`
  const bool ready = digest &&
                     EVP_DigestVerifyInit(digest.get(), &details, hash, nullptr, key.get()) == 1 &&
                     (algorithm != Algorithm::kPs256 || use_pss(details, hash));
  if (!ready) {
    ERR_clear_error();
    return Error{"OpenSSL cannot do " + std::string(name_of(algorithm)) + " with this key"};
  }
  return VerifyKey(algorithm, nullptr, std::move(digest), std::move(key));
}

bool VerifyKey::is_slow() const {
  if (algorithm_ == Algorithm::kEs384) return true;
  return key_kind_of(algorithm_) == KeyKind::kRsa && EVP_PKEY_get_bits(key_.get()) > kFastRsaBits;
}

bool VerifyKey::verifies(std::string_view message, std::string_view signature) const {
  switch (key_kind_of(algorithm_)) {
    case KeyKind::kSecret:
      return verifies_mac(message, signature);
    case KeyKind::kP256:
    case KeyKind::kP384: {
      const std::size_t half = algorithm_ == Algorithm::kEs384 ? 48 : 32;
      const std::string der = der_of(signature, half);
      return !der.empty() && verifies_der(message, der);
    }
    case KeyKind::kRsa:
      // RFC 8017 8.1.2 and 8.2.2, step 1: as long as the modulus, leading zeros included.
      return signature.size() == static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())) &&
             verifies_der(message, signature);
    case KeyKind::kEd25519:
      return verifies_der(message, signature);
  }
  return false;
}

bool VerifyKey::verifies_der(std::string_view message, std::string_view signature) const {
  if (!digest_) return false;
  const Digest context(EVP_MD_CTX_new());
  // It says 0 for a wrong signature, and less for one that it cannot read.
  const bool good = context && EVP_MD_CTX_copy_ex(context.get(), digest_.get()) == 1 &&
                    EVP_DigestVerify(context.get(), unsigned_bytes(signature), signature.size(),
                                     unsigned_bytes(message), message.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

bool VerifyKey::verifies_mac(std::string_view message, std::string_view signature) const {
  // The copy has the key's blocks hashed already.
  const Mac context(EVP_MAC_CTX_dup(mac_.get()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  const bool made = context &&
                    EVP_MAC_update(context.get(), unsigned_bytes(message), message.size()) == 1 &&
                    EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1;
  if (!made) {
    ERR_clear_error();
    return false;
  }
  // In constant time: how long a comparison takes must not tell how many bytes are right.
  return size == signature.size() && CRYPTO_memcmp(digest.data(), signature.data(), size) == 0;
}

}  // namespace peer_keys
