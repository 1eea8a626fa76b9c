#include "verify_key.h"

#include <openssl/err.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base64.h"
#include "json_object.h"
#include "jwk.h"
#include "tests/support/token_signer.h"

namespace peer_keys {
namespace {

using peer::test::SigningKey;

constexpr std::string_view kMessage = "what is signed";

VerifyKey verify_key(Algorithm algorithm, const SigningKey& key) {
  auto pkey = read_pem(key.public_pem());
  auto made = VerifyKey::from_public_key(algorithm, std::move(pkey).value());
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return std::move(made).value();
}

/// One key and the algorithms that it can be used with.
struct Signer {
  SigningKey key;
  std::vector<std::string> algorithms;
};

std::vector<Signer> signers() {
  std::vector<Signer> all;
  all.push_back({SigningKey::rsa(), {"RS256", "RS384", "RS512", "PS256"}});
  all.push_back({SigningKey::ec("P-256"), {"ES256"}});
  all.push_back({SigningKey::ec("P-384"), {"ES384"}});
  all.push_back({SigningKey::ed25519(), {"EdDSA"}});
  return all;
}

TEST(VerifyKeyTest, AGoodSignatureOfEachAlgorithmIsVerified) {
  for (const Signer& signer : signers()) {
    for (const std::string& name : signer.algorithms) {
      const VerifyKey key = verify_key(*algorithm_of(name), signer.key);
      for (int i = 0; i < 20; ++i) {  // r or s begins with a zero byte in one of 128
        EXPECT_TRUE(key.verifies(kMessage, signer.key.sign(name, kMessage))) << name;
      }
    }
  }
}

TEST(VerifyKeyTest, AnotherMessageOrSignatureIsRefused) {
  for (const Signer& signer : signers()) {
    for (const std::string& name : signer.algorithms) {
      const VerifyKey key = verify_key(*algorithm_of(name), signer.key);
      const std::string good = signer.key.sign(name, kMessage);
      EXPECT_FALSE(key.verifies("what was signed", good)) << name;
      EXPECT_FALSE(key.verifies(kMessage, {})) << name;
      EXPECT_FALSE(key.verifies(kMessage, good + "x")) << name;
      EXPECT_FALSE(key.verifies(kMessage, good.substr(1))) << name;
      EXPECT_FALSE(key.verifies(kMessage, std::string(good.size(), '\0'))) << name;
      std::string other = good;
      other.back() = static_cast<char>(other.back() ^ 1);
      EXPECT_FALSE(key.verifies(kMessage, other)) << name;
      EXPECT_EQ(ERR_peek_error(), 0U) << name;
    }
  }
}

TEST(VerifyKeyTest, ALeadingZeroBelongsToASignatureByRsa) {
  const SigningKey rsa = SigningKey::rsa();
  const VerifyKey key = verify_key(Algorithm::kPs256, rsa);
  std::string signature;
  do {  // one of 256, since PSS is different each time
    signature = rsa.sign("PS256", kMessage);
  } while (signature.front() != '\0');
  EXPECT_TRUE(key.verifies(kMessage, signature));
  EXPECT_FALSE(key.verifies(kMessage, signature.substr(1)));
}

TEST(VerifyKeyTest, ASignatureOfAnotherAlgorithmOfTheSameKeyIsRefused) {
  const SigningKey rsa = SigningKey::rsa();
  const VerifyKey key = verify_key(Algorithm::kPs256, rsa);
  EXPECT_FALSE(key.verifies(kMessage, rsa.sign("RS256", kMessage)));
  EXPECT_FALSE(verify_key(Algorithm::kRs256, rsa).verifies(kMessage, rsa.sign("PS256", kMessage)));
  EXPECT_FALSE(verify_key(Algorithm::kRs384, rsa).verifies(kMessage, rsa.sign("RS256", kMessage)));
}

TEST(VerifyKeyTest, DerIsNoSignatureOfAToken) {
  const SigningKey ec = SigningKey::ec("P-256");
  const VerifyKey key = verify_key(Algorithm::kEs256, ec);
  const std::string der = ec.sign_der("ES256", kMessage);
  EXPECT_FALSE(key.verifies(kMessage, der));
  EXPECT_TRUE(key.verifies_der(kMessage, der));
}

TEST(VerifyKeyTest, AnAlgorithmTakesItsOwnKindOfKeyOnly) {
  for (const Signer& signer : signers()) {
    for (const Signer& other : signers()) {
      for (const std::string& name : other.algorithms) {
        auto pkey = read_pem(signer.key.public_pem());
        const bool fits = signer.algorithms == other.algorithms;
        EXPECT_EQ(
            VerifyKey::from_public_key(*algorithm_of(name), std::move(pkey).value()).has_value(),
            fits)
            << name << " " << signer.algorithms.front();
      }
    }
    auto pkey = read_pem(signer.key.public_pem());
    EXPECT_FALSE(VerifyKey::from_public_key(Algorithm::kHs256, std::move(pkey).value()));
  }
}

TEST(VerifyKeyTest, ASecretIsNotShorterThanTheHash) {
  const std::vector<std::pair<const char*, std::size_t>> sizes{
      {"HS256", 32}, {"HS384", 48}, {"HS512", 64}};
  for (const auto& [name, size] : sizes) {
    const Algorithm algorithm = *algorithm_of(name);
    EXPECT_FALSE(VerifyKey::from_secret(algorithm, std::string(size - 1, 's'))) << name;
    const std::string secret(size, 's');
    const auto key = VerifyKey::from_secret(algorithm, secret);
    ASSERT_TRUE(key) << name;
    const std::string good = peer::test::hmac(name, secret, kMessage);
    EXPECT_TRUE(key->verifies(kMessage, good)) << name;
    EXPECT_TRUE(key->verifies(kMessage, good)) << name;
    EXPECT_FALSE(key->verifies("another", good)) << name;
    EXPECT_FALSE(key->verifies(kMessage, good.substr(1))) << name;
    EXPECT_FALSE(key->verifies(kMessage, {})) << name;
    EXPECT_FALSE(key->verifies_der(kMessage, good)) << name;
  }
  EXPECT_EQ(VerifyKey::from_secret(Algorithm::kHs256, "short").error().message,
            "a secret of 5 bytes; HS256 needs 32 or more");
  EXPECT_FALSE(VerifyKey::from_secret(Algorithm::kRs256, std::string(64, 's')));
}

TEST(VerifyKeyTest, WhatTakesOverAHundredMicrosecondsIsSlow) {
  EXPECT_TRUE(verify_key(Algorithm::kEs384, SigningKey::ec("P-384")).is_slow());
  EXPECT_FALSE(verify_key(Algorithm::kEs256, SigningKey::ec("P-256")).is_slow());
  EXPECT_FALSE(verify_key(Algorithm::kRs256, SigningKey::rsa()).is_slow());
  EXPECT_FALSE(verify_key(Algorithm::kEdDsa, SigningKey::ed25519()).is_slow());
}

TEST(AlgorithmTest, NoneAndWhatIsSpelledOtherwiseIsNoAlgorithm) {
  for (const char* name :
       {"none", "None", "NONE", "", "hs256", "HS1", "RS256 ", "ES512", "Ed448"}) {
    EXPECT_FALSE(algorithm_of(name)) << name;
  }
}

TEST(AlgorithmTest, Ed25519IsEdDsa) {
  EXPECT_EQ(algorithm_of("Ed25519"), Algorithm::kEdDsa);
  EXPECT_EQ(algorithm_of("EdDSA"), Algorithm::kEdDsa);
  EXPECT_EQ(name_of(Algorithm::kEdDsa), "EdDSA");
}

// The examples of the standards, which nobody here has signed.

bool example_verifies(Algorithm algorithm, std::string_view jwk_text, std::string_view token) {
  ObjectParser parser;
  auto jwk = read_jwk(*parser.parse(jwk_text));
  if (!jwk) return false;
  auto key = jwk->kind == KeyKind::kSecret
                 ? VerifyKey::from_secret(algorithm, jwk->secret)
                 : VerifyKey::from_public_key(algorithm, std::move(jwk->key));
  const std::size_t dot = token.rfind('.');
  return key && key->verifies(token.substr(0, dot), *decode_base64url(token.substr(dot + 1)));
}

constexpr const char* kClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";

TEST(StandardExamplesTest, Rfc7515A1IsVerified) {
  EXPECT_TRUE(example_verifies(
      Algorithm::kHs256,
      R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS)"
      R"(4hcgUuTwjAzZr1Z9CAow"})",
      std::string("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.") + kClaims +
          ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
}

TEST(StandardExamplesTest, Rfc7515A2IsVerified) {
  EXPECT_TRUE(example_verifies(
      Algorithm::kRs256,
      R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-V)"
      R"(aw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9w)"
      R"(Gzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMT)"
      R"(BQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kz)"
      R"(k2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})",
      std::string("eyJhbGciOiJSUzI1NiJ9.") + kClaims +
          ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
          "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
          "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
          "xi12jzDwusC-"
          "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVr"
          "Bp0igcN_IoypGlUPQGe77Rw"));
}

TEST(StandardExamplesTest, Rfc7515A3IsVerified) {
  EXPECT_TRUE(example_verifies(
      Algorithm::kEs256,
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_F)"
      R"(EzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
      std::string("eyJhbGciOiJFUzI1NiJ9.") + kClaims +
          ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
          "Kg6NU1Q"));
}

TEST(StandardExamplesTest, Rfc8037A4IsVerified) {
  EXPECT_TRUE(example_verifies(
      Algorithm::kEdDsa,
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"));
}

}  // namespace
}  // namespace peer_keys
