#include "jwk.h"

#include <gtest/gtest.h>

#include "tests/support/token_signer.h"

namespace peer_keys {
namespace {

using peer::test::SigningKey;

std::string fault_of(const std::string& text) {
  ObjectParser parser;
  const auto object = parser.parse(text);
  if (!object) return "no object";
  const auto jwk = read_jwk(*object);
  return jwk ? "" : jwk.error().message;
}

TEST(JwkTest, EachKindOfPublicKeyIsRead) {
  const SigningKey keys[] = {SigningKey::rsa(), SigningKey::ec("P-256"), SigningKey::ec("P-384"),
                             SigningKey::ed25519()};
  for (const SigningKey& key : keys) {
    ObjectParser parser;
    const auto jwk = read_jwk(*parser.parse(key.jwk(R"(,"kid":"k","use":"sig")")));
    ASSERT_TRUE(jwk) << jwk.error().message;
    EXPECT_EQ(jwk->kid, "k");
    EXPECT_FALSE(jwk->algorithm);
    const auto pem = read_pem(key.public_pem());
    EXPECT_EQ(EVP_PKEY_eq(jwk->key.get(), pem->get()), 1);
  }
}

TEST(JwkTest, BrowsersEd25519IsEdDsa) {
  ObjectParser parser;
  const auto jwk = read_jwk(*parser.parse(
      SigningKey::ed25519().jwk(R"(,"alg":"Ed25519","ext":true,"key_ops":["verify"])")));
  ASSERT_TRUE(jwk) << jwk.error().message;
  EXPECT_EQ(jwk->algorithm, Algorithm::kEdDsa);
}

TEST(JwkTest, AKeyOfAnotherKindOrUseIsOfNone) {
  const SigningKey key = SigningKey::ec("P-256");
  EXPECT_EQ(fault_of(key.jwk()), "");
  EXPECT_EQ(fault_of(key.jwk(R"(,"use":"enc")")), "it is not for signatures (use, key_ops)");
  EXPECT_EQ(fault_of(key.jwk(R"(,"key_ops":["sign"])")), "it is not for signatures (use, key_ops)");
  EXPECT_EQ(fault_of(key.jwk(R"(,"key_ops":1)")), "it is not for signatures (use, key_ops)");
  EXPECT_EQ(fault_of(SigningKey::ec("P-521").jwk()), "its kind (kty, crv) is not supported");
  EXPECT_EQ(fault_of(R"({"kty":"OKP","crv":"X25519","x":"AA"})"),
            "its kind (kty, crv) is not supported");
  EXPECT_EQ(fault_of("{}"), "its kind (kty, crv) is not supported");
}

TEST(JwkTest, AnAlgorithmThatDoesNotFitTheKindIsRefused) {
  const SigningKey rsa = SigningKey::rsa();
  EXPECT_EQ(fault_of(rsa.jwk(R"(,"alg":"HS256")")), "its alg does not fit its kind");
  EXPECT_EQ(fault_of(rsa.jwk(R"(,"alg":"ES256")")), "its alg does not fit its kind");
  EXPECT_EQ(fault_of(rsa.jwk(R"(,"alg":"none")")), "its algorithm (alg) is not supported");
  EXPECT_EQ(fault_of(rsa.jwk(R"(,"alg":null)")), "its algorithm (alg) is not supported");
  EXPECT_EQ(fault_of(R"({"kty":"oct","k":"AAAA","alg":"RS256"})"), "its alg does not fit its kind");
}

TEST(JwkTest, NumbersOfAWrongFormMakeNoKey) {
  constexpr const char* kNoKey = "its numbers make no key of that kind";
  EXPECT_EQ(fault_of(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"), kNoKey);
  EXPECT_EQ(fault_of(R"({"kty":"EC","crv":"P-256"})"), kNoKey);
  EXPECT_EQ(fault_of(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"), kNoKey);
  EXPECT_EQ(fault_of(R"({"kty":"RSA","n":"AA","e":"AQAB"})"), kNoKey);
  EXPECT_EQ(fault_of(R"({"kty":"RSA","n":1,"e":2})"), kNoKey);
  EXPECT_EQ(fault_of(R"({"kty":"oct","k":""})"), kNoKey);
}

TEST(JwkTest, ANameThatStandsTwiceOrAKidThatIsNoTextIsRefused) {
  ObjectParser parser;
  const auto set = parser.parse(R"({"key":{"kty":"oct","kty":"RSA"}})");
  simdjson::dom::object key;
  ASSERT_EQ(member(*set, "key")->get_object().get(key), simdjson::SUCCESS);
  EXPECT_EQ(read_jwk(key).error().message, "a member stands twice");
  EXPECT_EQ(fault_of(SigningKey::ed25519().jwk(R"(,"kid":1)")), "kid is no text");
  EXPECT_EQ(fault_of(SigningKey::ed25519().jwk(R"(,"kid":"")")), "kid is no text");
}

}  // namespace
}  // namespace peer_keys
