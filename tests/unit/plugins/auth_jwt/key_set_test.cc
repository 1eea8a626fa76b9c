#include "key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json_object.h"
#include "jwk.h"
#include "tests/support/token_signer.h"

namespace peer_jwt {
namespace {

using peer::test::SigningKey;
using peer_keys::Algorithm;
using testing::ElementsAre;
using testing::IsEmpty;

std::string jwks_of(const std::vector<std::string>& keys) {
  std::string text = "{\"keys\":[";
  for (const std::string& key : keys) text += (text.ends_with('[') ? "" : ",") + key;
  return text + "]}";
}

Jwks read(const std::vector<std::string>& keys, const std::vector<Algorithm>& algorithms = {},
          Secrets secrets = Secrets::kAllowed) {
  auto jwks = read_jwks(jwks_of(keys), algorithms, secrets);
  EXPECT_TRUE(jwks) << (jwks ? "" : jwks.error().message);
  return std::move(jwks).value();
}

const SigningKey& rsa_key() {
  static const SigningKey key = SigningKey::rsa();
  return key;
}

TEST(KeySetTest, AKeyIsFoundByKidAndAlgorithm) {
  const Jwks jwks = read({rsa_key().jwk(R"(,"kid":"r","alg":"RS256")"),
                          SigningKey::ec("P-256").jwk(R"(,"kid":"e","alg":"ES256")")});
  EXPECT_THAT(jwks.skipped, IsEmpty());
  EXPECT_NE(find_key({&jwks.keys}, "r", Algorithm::kRs256).key, nullptr);
  EXPECT_NE(find_key({&jwks.keys}, "e", Algorithm::kEs256).key, nullptr);
}

TEST(KeySetTest, TheAlgorithmOfAKeyIsFixed) {
  const Jwks jwks = read({rsa_key().jwk(R"(,"kid":"r","alg":"RS256")")});
  for (const Algorithm algorithm : {Algorithm::kHs256, Algorithm::kPs256, Algorithm::kRs512}) {
    const Lookup found = find_key({&jwks.keys}, "r", algorithm);
    EXPECT_EQ(found.key, nullptr);
    EXPECT_STREQ(found.refusal, "token: alg is not that of the key");
    EXPECT_FALSE(found.is_unknown_kid);
  }
}

TEST(KeySetTest, AnUnknownKidIsNamedAsThat) {
  const Jwks jwks = read({rsa_key().jwk(R"(,"kid":"r","alg":"RS256")")});
  const Lookup found = find_key({&jwks.keys}, "other", Algorithm::kRs256);
  EXPECT_STREQ(found.refusal, "token: unknown kid");
  EXPECT_TRUE(found.is_unknown_kid);
}

TEST(KeySetTest, WithoutAKidThereIsOneKeyOnly) {
  const Jwks one = read({rsa_key().jwk(R"(,"kid":"r","alg":"RS256")")});
  const Jwks two = read({SigningKey::ed25519().jwk(R"(,"kid":"e")")});
  EXPECT_NE(find_key({&one.keys}, std::nullopt, Algorithm::kRs256).key, nullptr);
  const Lookup found = find_key({&one.keys, &two.keys}, std::nullopt, Algorithm::kRs256);
  EXPECT_EQ(found.key, nullptr);
  EXPECT_STREQ(found.refusal, "token: kid is missing, and there are several keys");
}

TEST(KeySetTest, AKeyWithoutANameTakesAnyKidWhereItIsTheOnlyOne) {
  const Jwks nameless = read({rsa_key().jwk(R"(,"alg":"RS256")")});
  const Jwks other = read({SigningKey::ed25519().jwk(R"(,"kid":"e")")});
  EXPECT_NE(find_key({&nameless.keys}, "any", Algorithm::kRs256).key, nullptr);
  EXPECT_NE(find_key({&nameless.keys}, "", Algorithm::kRs256).key, nullptr);
  EXPECT_EQ(find_key({&nameless.keys, &other.keys}, "any", Algorithm::kRs256).key, nullptr);
  EXPECT_EQ(find_key({&nameless.keys, &other.keys}, "", Algorithm::kRs256).key, nullptr);
}

TEST(KeySetTest, WithoutAnyKeyATokenMayWaitForSome) {
  EXPECT_TRUE(find_key({}, std::nullopt, Algorithm::kRs256).is_unknown_kid);
}

TEST(KeySetTest, AKeyOfACurveNeedsNoAlg) {
  const Jwks jwks = read({SigningKey::ec("P-256").jwk(R"(,"kid":"a")"),
                          SigningKey::ec("P-384").jwk(R"(,"kid":"b")"),
                          SigningKey::ed25519().jwk(R"(,"kid":"c")")});
  EXPECT_NE(find_key({&jwks.keys}, "a", Algorithm::kEs256).key, nullptr);
  EXPECT_NE(find_key({&jwks.keys}, "b", Algorithm::kEs384).key, nullptr);
  EXPECT_NE(find_key({&jwks.keys}, "c", Algorithm::kEdDsa).key, nullptr);
}

TEST(KeySetTest, AnRsaKeyWithoutAlgNeedsTheOption) {
  const std::string key = rsa_key().jwk(R"(,"kid":"r")");
  EXPECT_THAT(read({key}).skipped,
              ElementsAre("key 1 ('r'): it has no alg, and jwks_algorithms names none that fits"));
  const Jwks jwks = read({key}, {Algorithm::kRs256, Algorithm::kPs256, Algorithm::kEs256});
  EXPECT_NE(find_key({&jwks.keys}, std::nullopt, Algorithm::kRs256).key, nullptr);
  EXPECT_NE(find_key({&jwks.keys}, "r", Algorithm::kPs256).key, nullptr);
  EXPECT_EQ(find_key({&jwks.keys}, "r", Algorithm::kRs384).key, nullptr);
}

TEST(KeySetTest, TheOptionSaysWhatKeysWithoutAlgMay) {
  EXPECT_EQ(read({SigningKey::ec("P-256").jwk()}, {Algorithm::kRs256}).keys.size(), 0U);
  EXPECT_EQ(
      read({SigningKey::ec("P-256").jwk(R"(,"alg":"ES256")")}, {Algorithm::kRs256}).keys.size(),
      1U);
}

TEST(KeySetTest, KeysThatAreOfNoUseAreSkipped) {
  const Jwks jwks =
      read({R"({"kty":"EC","crv":"P-521","kid":"big"})", "7", SigningKey::ed25519().jwk()});
  EXPECT_EQ(jwks.keys.size(), 1U);
  EXPECT_THAT(jwks.skipped, ElementsAre("key 1 ('big'): its kind (kty, crv) is not supported",
                                        "key 2: it is no object"));
}

TEST(KeySetTest, SecretsComeFromFilesOnlyAndAreLongEnough) {
  const std::string secret =
      R"({"kty":"oct","alg":"HS256","k":")" + peer::test::base64url(std::string(32, 's')) + "\"}";
  EXPECT_EQ(read({secret}).keys.size(), 1U);
  EXPECT_THAT(read({secret}, {}, Secrets::kRefused).skipped,
              ElementsAre("key 1: a secret has no place at a URL"));
  EXPECT_THAT(read({R"({"kty":"oct","alg":"HS256","k":"AAAA"})"}).skipped,
              ElementsAre("key 1: a secret of 3 bytes; HS256 needs 32 or more"));
}

TEST(KeySetTest, WhatIsNoJwksOrTooMuchIsAnError) {
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[],"keys":[]})"}) {
    EXPECT_FALSE(read_jwks(text, {}, Secrets::kAllowed)) << text;
  }
  EXPECT_TRUE(read_jwks(R"({"keys":[]})", {}, Secrets::kAllowed));
  EXPECT_TRUE(read_jwks(jwks_of(std::vector<std::string>(100, "1")), {}, Secrets::kAllowed));
  EXPECT_EQ(
      read_jwks(jwks_of(std::vector<std::string>(101, "1")), {}, Secrets::kAllowed).error().message,
      "more than 100 keys");
  EXPECT_EQ(read_jwks(std::string(kMaxJwksSize + 1, ' '), {}, Secrets::kAllowed).error().message,
            "more than 256 KiB");
}

}  // namespace
}  // namespace peer_jwt
