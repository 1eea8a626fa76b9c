#include "tests/support/token_signer.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace peer::test {
namespace {

void demand(bool holds) {
  if (!holds) throw std::runtime_error("OpenSSL cannot do what the test needs");
}

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

const EVP_MD* hash_for(std::string_view algorithm) {
  if (algorithm.ends_with("384")) return EVP_sha384();
  if (algorithm.ends_with("512")) return EVP_sha512();
  return EVP_sha256();
}

std::string bytes_of(const BIGNUM* number, int size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  demand(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size) == size);
  return bytes;
}

std::string number_of(const EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* number = nullptr;
  demand(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  std::string bytes = bytes_of(number, size > 0 ? size : BN_num_bytes(number));
  BN_free(number);
  return bytes;
}

template <typename Write>
std::string written(const Write& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  demand(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string in_alphabet(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), raw(bytes),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string with_header(std::string_view algorithm, std::string_view claims,
                        std::string_view more) {
  return unsigned_token("{\"alg\":\"" + std::string(algorithm) + "\"" + std::string(more) + "}",
                        claims);
}

}  // namespace

std::string base64(std::string_view bytes) { return in_alphabet(bytes); }

std::string base64url(std::string_view bytes) {
  std::string text = in_alphabet(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

SigningKey SigningKey::rsa(unsigned bits) {
  return SigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)));
}

SigningKey SigningKey::ec(const char* group) {
  return SigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group));
}

SigningKey SigningKey::ed25519() {
  return SigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

std::string SigningKey::public_pem() const {
  return written([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
}

std::string SigningKey::private_pem() const {
  return written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string SigningKey::public_der() const {
  return written([&](BIO* bio) { return i2d_PUBKEY_bio(bio, key_.get()); });
}

std::string SigningKey::jwk(std::string_view more) const {
  std::string text;
  if (EVP_PKEY_is_a(key_.get(), "RSA") == 1) {
    text = R"({"kty":"RSA","n":")" + base64url(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N)) +
           R"(","e":")" + base64url(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E)) + "\"";
  } else if (EVP_PKEY_is_a(key_.get(), "EC") == 1) {
    const int bits = EVP_PKEY_get_bits(key_.get());
    const int size = (bits + 7) / 8;
    text = R"({"kty":"EC","crv":"P-)" + std::to_string(bits) + R"(","x":")" +
           base64url(number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, size)) + R"(","y":")" +
           base64url(number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size)) + "\"";
  } else {
    text = R"({"kty":"OKP","crv":"Ed25519","x":")" + base64url(public_der().substr(12)) + "\"";
  }
  return text + std::string(more) + "}";
}

std::string SigningKey::sign_der(std::string_view algorithm, std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  EVP_PKEY_CTX* details = nullptr;
  const bool hashes = EVP_PKEY_is_a(key_.get(), "ED25519") != 1;
  demand(EVP_DigestSignInit(context.get(), &details, hashes ? hash_for(algorithm) : nullptr,
                            nullptr, key_.get()) == 1);
  if (algorithm.starts_with("PS")) {
    demand(EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1);
    demand(EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  std::size_t size = 0;
  demand(EVP_DigestSign(context.get(), nullptr, &size, raw(message), message.size()) == 1);
  std::string signature(size, '\0');
  demand(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                        raw(message), message.size()) == 1);
  signature.resize(size);
  return signature;
}

std::string SigningKey::sign(std::string_view algorithm, std::string_view message) const {
  std::string signature = sign_der(algorithm, message);
  if (EVP_PKEY_is_a(key_.get(), "EC") != 1) return signature;
  const unsigned char* at = raw(signature);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size())), ECDSA_SIG_free);
  const int size = (EVP_PKEY_get_bits(key_.get()) + 7) / 8;
  return bytes_of(ECDSA_SIG_get0_r(pair.get()), size) +
         bytes_of(ECDSA_SIG_get0_s(pair.get()), size);
}

std::string hmac(std::string_view algorithm, std::string_view secret, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(hash_for(algorithm), secret.data(), static_cast<int>(secret.size()), raw(message),
       message.size(), digest.data(), &size);
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

std::string unsigned_token(std::string_view header, std::string_view claims) {
  return base64url(header) + "." + base64url(claims);
}

std::string signed_token(const SigningKey& key, std::string_view algorithm, std::string_view claims,
                         std::string_view more) {
  const std::string text = with_header(algorithm, claims, more);
  return text + "." + base64url(key.sign(algorithm, text));
}

std::string signed_token(std::string_view secret, std::string_view algorithm,
                         std::string_view claims, std::string_view more) {
  const std::string text = with_header(algorithm, claims, more);
  return text + "." + base64url(hmac(algorithm, secret, text));
}

}  // namespace peer::test
