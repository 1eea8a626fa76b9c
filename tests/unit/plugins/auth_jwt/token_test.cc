#include "token.h"

#include <gtest/gtest.h>

#include "tests/support/token_signer.h"

namespace peer_jwt {
namespace {

using peer::test::base64url;
using peer_keys::Algorithm;

/// What is said of a token; "": it is well formed.
std::string fault_of(std::string_view text) {
  peer_keys::ObjectParser parser;
  Token token;
  return parse_token(text, parser, token).value_or("");
}

std::string with_header(std::string_view header) {
  return peer::test::unsigned_token(header, "{}") + ".c2ln";
}

TEST(TokenTest, AllPartsAreRead) {
  peer_keys::ObjectParser parser;
  Token token;
  const std::string text = with_header(R"({"alg":"ES256","kid":"a","typ":"JWT"})");
  ASSERT_EQ(parse_token(text, parser, token), std::nullopt);
  EXPECT_EQ(token.algorithm, Algorithm::kEs256);
  EXPECT_EQ(token.kid, "a");
  EXPECT_EQ(token.claims, "{}");
  EXPECT_EQ(token.signature, "sig");
  EXPECT_EQ(token.signed_part, text.substr(0, text.rfind('.')));
}

TEST(TokenTest, AKidOfTheTokenBeforeIsForgotten) {
  peer_keys::ObjectParser parser;
  Token token;
  ASSERT_EQ(parse_token(with_header(R"({"alg":"ES256","kid":"a"})"), parser, token), std::nullopt);
  ASSERT_EQ(parse_token(with_header(R"({"alg":"ES256"})"), parser, token), std::nullopt);
  EXPECT_EQ(token.kid, std::nullopt);
}

TEST(TokenTest, ThereAreThreePartsAndNoneButTheClaimsIsEmpty) {
  const std::string header = base64url(R"({"alg":"HS256"})");
  EXPECT_EQ(fault_of(header + "..c2ln"), "");
  const std::vector<std::string> wrong{"",
                                       ".",
                                       "..",
                                       "a.b",
                                       header,
                                       header + ".e30",
                                       header + ".e30.",
                                       "." + header + ".e30",
                                       ".e30.c2ln",
                                       header + ".e30.c2ln.",
                                       header + ".e30.c2ln.c2ln",
                                       header + ".e30.c2ln.c2ln.c2ln"};
  for (const std::string& text : wrong) {
    EXPECT_EQ(fault_of(text), "malformed token") << text;
  }
}

TEST(TokenTest, EveryPartIsStrictBase64Url) {
  const std::string header = base64url(R"({"alg":"HS256"})");
  ASSERT_EQ(fault_of(header + ".e30.c2ln"), "");
  for (const std::string& text :
       {header + "=.e30.c2ln", header + ".e30=.c2ln", header + ".e30.c2lnZw==",
        header + ".e31.c2ln", header + ".e30.c2lnZh", header + ".e30.c2l+", header + ".e30.c2 n",
        " " + header + ".e30.c2ln", header + ".e30.c2ln\n"}) {
    EXPECT_EQ(fault_of(text), "malformed token") << text;
  }
}

TEST(TokenTest, TheHeaderIsAnObjectWithEachNameOnce) {
  for (const char* header :
       {"", "[]", "null", R"("alg")", R"({"alg":"HS256")", R"({"alg":"HS256","alg":"none"})",
        R"({"alg":"HS256","\u0061lg":"HS256"})", R"({"alg":"HS256"}{})"}) {
    EXPECT_EQ(fault_of(with_header(header)), "malformed token") << header;
  }
}

TEST(TokenTest, NoneAndUnknownAlgorithmsAreRefused) {
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"nOnE"})",
                             R"({"alg":""})", R"({"alg":null})", R"({"alg":["HS256"]})", "{}",
                             R"({"alg":"ES512"})", R"({"alg":"HS256 "})", R"({"Alg":"HS256"})"}) {
    EXPECT_EQ(fault_of(with_header(header)), "token: alg is not supported") << header;
  }
}

TEST(TokenTest, WhatIsCriticalIsRefused) {
  EXPECT_EQ(fault_of(with_header(R"({"alg":"HS256","crit":["exp"],"exp":1})")),
            "token: crit is not supported");
  EXPECT_EQ(fault_of(with_header(R"({"alg":"HS256","crit":[]})")), "token: crit is not supported");
  EXPECT_EQ(fault_of(with_header(R"({"alg":"HS256","crit":null})")),
            "token: crit is not supported");
}

TEST(TokenTest, KidIsATextWithinItsBound) {
  constexpr const char* kWrong = "token: kid must be a string of at most 256 bytes";
  EXPECT_EQ(fault_of(with_header(R"({"alg":"HS256","kid":1})")), kWrong);
  EXPECT_EQ(fault_of(with_header(R"({"alg":"HS256","kid":null})")), kWrong);
  const std::string longest(256, 'k');
  EXPECT_EQ(fault_of(with_header(R"({"alg":"HS256","kid":")" + longest + "\"}")), "");
  EXPECT_EQ(fault_of(with_header(R"({"alg":"HS256","kid":")" + longest + "k\"}")), kWrong);
}

TEST(TokenTest, KeysThatATokenBringsAreNotLookedAt) {
  EXPECT_EQ(fault_of(with_header(
                R"({"alg":"HS256","jwk":{"kty":"oct","k":"AA"},"jku":"http://x","x5c":[1]})")),
            "");
}

TEST(TokenTest, DeepNestingIsRefusedAndNotFollowed) {
  const std::string deep =
      R"({"alg":"HS256","x":)" + std::string(5000, '[') + std::string(5000, ']') + "}";
  EXPECT_EQ(fault_of(with_header(deep)), "malformed token");
}

}  // namespace
}  // namespace peer_jwt
