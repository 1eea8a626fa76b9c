#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace peer::test {

[[nodiscard]] std::string base64url(std::string_view bytes);
[[nodiscard]] std::string base64(std::string_view bytes);

/// A private key of a test, made anew.
class SigningKey {
 public:
  [[nodiscard]] static SigningKey rsa(unsigned bits = 2048);
  [[nodiscard]] static SigningKey ec(const char* group);  ///< "P-256", "P-384", "P-521"
  [[nodiscard]] static SigningKey ed25519();

  [[nodiscard]] std::string public_pem() const;
  [[nodiscard]] std::string private_pem() const;
  [[nodiscard]] std::string public_der() const;  ///< SubjectPublicKeyInfo
  /// A JWK without `alg`; `more` are further members: `,"kid":"a"`.
  [[nodiscard]] std::string jwk(std::string_view more = {}) const;

  /// As JOSE has it: ECDSA as r and s side by side.
  [[nodiscard]] std::string sign(std::string_view algorithm, std::string_view message) const;
  /// ECDSA in DER.
  [[nodiscard]] std::string sign_der(std::string_view algorithm, std::string_view message) const;

 private:
  struct Deleter {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  explicit SigningKey(EVP_PKEY* key) : key_(key) {}
  std::unique_ptr<EVP_PKEY, Deleter> key_;
};

/// HMAC with SHA-256, -384 or -512 for "HS256" and so on.
[[nodiscard]] std::string hmac(std::string_view algorithm, std::string_view secret,
                               std::string_view message);

/// A compact JWS of these JSON texts, not signed yet: "header.claims".
[[nodiscard]] std::string unsigned_token(std::string_view header, std::string_view claims);
/// The whole: signed with the algorithm, under `{"alg":ALGORITHM MORE}`; `more`: `,"kid":"a"`.
[[nodiscard]] std::string signed_token(const SigningKey& key, std::string_view algorithm,
                                       std::string_view claims, std::string_view more = {});
[[nodiscard]] std::string signed_token(std::string_view secret, std::string_view algorithm,
                                       std::string_view claims, std::string_view more = {});

}  // namespace peer::test
