#include "proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/token_signer.h"

namespace peer_keyproof {
namespace {

using peer::test::base64;
using peer::test::base64url;
using peer::test::SigningKey;
using peer_keys::Algorithm;

std::optional<peer_keys::VerifyKey> read(std::string_view text) {
  peer_keys::ObjectParser parser;
  return read_public_key(text, parser);
}

TEST(ProofTest, TheTextNamesAudienceNonceAndFingerprint) {
  // printf 'key' | sha256sum
  EXPECT_EQ(signed_text("https://a.example", "nonce", "key"),
            "peer-server key proof 1\nhttps://a.example\nnonce\n"
            "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683");
}

TEST(ProofTest, NoncesAre192BitsAndNoTwoAreTheSame) {
  std::set<std::string> nonces;
  for (int i = 0; i < 1000; ++i) nonces.insert(make_nonce());
  EXPECT_EQ(nonces.size(), 1000U);
  EXPECT_EQ(nonces.begin()->size(), 32U);
}

TEST(ProofTest, AKeyIsReadFromSpkiPemAndJwk) {
  const SigningKey p256 = SigningKey::ec("P-256");
  const SigningKey ed25519 = SigningKey::ed25519();
  for (const std::string& text : {base64(p256.public_der()), p256.public_pem(), p256.jwk(),
                                  p256.jwk(R"(,"alg":"ES256","ext":true,"key_ops":["verify"])")}) {
    const auto key = read(text);
    ASSERT_TRUE(key) << text;
    EXPECT_EQ(key->algorithm(), Algorithm::kEs256);
  }
  for (const std::string& text : {base64(ed25519.public_der()), ed25519.public_pem(), ed25519.jwk(),
                                  ed25519.jwk(R"(,"alg":"Ed25519")")}) {
    const auto key = read(text);
    ASSERT_TRUE(key) << text;
    EXPECT_EQ(key->algorithm(), Algorithm::kEdDsa);
  }
}

TEST(ProofTest, WhatIsNoKeyOrOneOfAnotherKindIsRefused) {
  const SigningKey p384 = SigningKey::ec("P-384");
  const std::string spki = base64(SigningKey::ec("P-256").public_der());
  const std::vector<std::string> wrong{"",
                                       "alice",
                                       "{}",
                                       "{",
                                       "AAAA",
                                       spki.substr(4),
                                       spki + "AAAA",
                                       " " + spki,
                                       base64(p384.public_der()),
                                       p384.public_pem(),
                                       p384.jwk(),
                                       SigningKey::rsa().jwk(),
                                       base64(SigningKey::rsa().public_der()),
                                       SigningKey::ed25519().private_pem(),
                                       R"({"kty":"oct","k":"c2VjcmV0"})",
                                       SigningKey::ed25519().jwk(R"(,"kty":"OKP")"),
                                       "{" + std::string(100'000, ' ') + "}"};
  for (const std::string& text : wrong) EXPECT_FALSE(read(text)) << text.substr(0, 100);
}

TEST(ProofTest, ASignatureIsTakenRawOrInDerAndInEitherBase64) {
  const SigningKey p256 = SigningKey::ec("P-256");
  const auto key = read(p256.jwk());
  const std::string raw = p256.sign("ES256", "text");
  const std::string der = p256.sign_der("ES256", "text");
  for (const std::string& signature : {base64(raw), base64url(raw), base64(der), base64url(der)}) {
    EXPECT_TRUE(is_proof(*key, "text", signature));
    EXPECT_FALSE(is_proof(*key, "other", signature));
    EXPECT_FALSE(is_proof(*key, "text", signature.substr(4)));
  }
  const SigningKey ed25519 = SigningKey::ed25519();
  const auto other = read(ed25519.jwk());
  EXPECT_TRUE(is_proof(*other, "text", base64url(ed25519.sign("EdDSA", "text"))));
  EXPECT_FALSE(is_proof(*other, "text", base64url(raw)));
  EXPECT_FALSE(is_proof(*other, "text", base64url(der)));
}

TEST(ProofTest, NonsenseIsNoSignature) {
  const auto key = read(SigningKey::ec("P-256").jwk());
  for (const std::string& text :
       {std::string(), std::string("!"), std::string("AAAA"), base64(std::string(64, '\0')),
        std::string(513, 'A'), std::string(1'000'000, 'A')}) {
    EXPECT_FALSE(is_proof(*key, "text", text)) << text.substr(0, 100);
  }
}

}  // namespace
}  // namespace peer_keyproof
