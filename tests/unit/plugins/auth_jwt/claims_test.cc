#include "claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peer_jwt {
namespace {

using peer::sdk::AuthGrant;
using peer::sdk::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kNow{seconds(1'000'000)};
// printf "alice's key" | sha256sum
constexpr const char* kHash = "12fae16e461c9cc6587a08f86f3d8432b954dd626759e1fed191b2e064044d2a";

/// What becomes of claims.
struct Judged {
  std::string refusal;  ///< "": granted
  AuthGrant grant;
};

Judged judge(std::string_view claims, const ClaimRules& rules = {},
             std::optional<std::string_view> public_key_hash = kHash, Instant now = kNow) {
  peer_keys::ObjectParser parser;
  Judged judged;
  judged.refusal =
      judge_claims(claims, rules, public_key_hash, now, parser, judged.grant).value_or("");
  return judged;
}

/// Claims that are granted as they are; `more`: further ones.
std::string sound(std::string_view more) {
  return R"({"sub":"alice","exp":1000001)" + std::string(more) + "}";
}

std::string refusal_of(std::string_view more, const ClaimRules& rules = {}) {
  return judge(sound(more), rules).refusal;
}

TEST(ClaimsTest, TheIdentityIsTheSubject) {
  const Judged judged = judge(sound(""));
  EXPECT_EQ(judged.refusal, "");
  EXPECT_EQ(judged.grant.identity, "alice");
  EXPECT_EQ(judged.grant.expires, Instant(seconds(1'000'001)));
  EXPECT_FALSE(judged.grant.alias);
  EXPECT_FALSE(judged.grant.rate_per_second);
  EXPECT_TRUE(judged.grant.may_create_rooms);
}

TEST(ClaimsTest, WhatIsNoObjectOrHasANameTwiceIsMalformed) {
  for (const char* claims : {"", "[]", "1", R"({"sub":"a","exp":2000000,"sub":"b"})"}) {
    EXPECT_EQ(judge(claims).refusal, "malformed token") << claims;
  }
}

TEST(ClaimsTest, ATokenExpiresAtExpToTheMillisecond) {
  const auto at = [](std::int64_t ms) { return Instant(milliseconds(ms)); };
  EXPECT_EQ(judge(sound(""), {}, {}, at(1'000'000'999)).refusal, "");
  EXPECT_EQ(judge(sound(""), {}, {}, at(1'000'001'000)).refusal, "token expired");
  const std::string half = R"({"sub":"a","exp":1000000.5})";
  EXPECT_EQ(judge(half, {}, {}, at(1'000'000'499)).refusal, "");
  EXPECT_EQ(judge(half, {}, {}, at(1'000'000'500)).refusal, "token expired");
}

TEST(ClaimsTest, LeewayMovesAllTimesAndTheEndOfTheGrant) {
  const ClaimRules rules{.leeway = seconds(5)};
  const auto at = [](std::int64_t s) { return Instant(seconds(s)); };
  const Judged judged = judge(sound(""), rules, {}, at(1'000'005));
  EXPECT_EQ(judged.refusal, "");
  EXPECT_EQ(judged.grant.expires, at(1'000'006));
  EXPECT_EQ(judge(sound(""), rules, {}, at(1'000'006)).refusal, "token expired");
  EXPECT_EQ(refusal_of(R"(,"nbf":1000005,"iat":1000005)", rules), "");
  EXPECT_EQ(refusal_of(R"(,"nbf":1000006)", rules), "token not valid yet");
  EXPECT_EQ(refusal_of(R"(,"iat":1000600)", rules), "");
}

TEST(ClaimsTest, ExpMustBeThereUnlessTheOptionSaysOtherwise) {
  EXPECT_EQ(judge(R"({"sub":"a"})").refusal, "token: exp is missing");
  const Judged judged = judge(R"({"sub":"a"})", {.require_exp = false});
  EXPECT_EQ(judged.refusal, "");
  EXPECT_FALSE(judged.grant.expires);
}

TEST(ClaimsTest, TimesFarAwayAreNoOverflow) {
  for (const char* exp : {"1e300", "9223372036854775807", "18446744073709551615", "9e18"}) {
    const Judged judged = judge(R"({"sub":"a","exp":)" + std::string(exp) + "}");
    EXPECT_EQ(judged.refusal, "") << exp;
    EXPECT_EQ(judged.grant.expires, Instant(seconds(253402300799))) << exp;
  }
  for (const char* exp : {"-1", "-1e300", "-9223372036854775808", "0", "1e-300"}) {
    EXPECT_EQ(judge(R"({"sub":"a","exp":)" + std::string(exp) + "}").refusal, "token expired")
        << exp;
  }
  EXPECT_EQ(judge(R"({"sub":"a","exp":18446744073709551616})").refusal, "malformed token");
}

TEST(ClaimsTest, TimesAreNumbers) {
  for (const char* wrong : {"\"1000001\"", "null", "true", "[]", "{}"}) {
    const std::string value(wrong);
    EXPECT_EQ(judge(R"({"sub":"a","exp":)" + value + "}").refusal, "token: exp must be a number");
    EXPECT_EQ(refusal_of(",\"nbf\":" + value), "token: nbf must be a number");
    EXPECT_EQ(refusal_of(",\"iat\":" + value), "token: iat must be a number");
  }
}

TEST(ClaimsTest, TheIssuerIsTheConfiguredOne) {
  const ClaimRules rules{.issuer = "https://id.example"};
  EXPECT_EQ(refusal_of(R"(,"iss":"https://id.example")", rules), "");
  EXPECT_EQ(refusal_of(R"(,"iss":"https://id.example/")", rules), "wrong issuer");
  EXPECT_EQ(refusal_of("", rules), "token: iss is missing");
  EXPECT_EQ(refusal_of(R"(,"iss":1)"), "token: iss must be a string");
  EXPECT_EQ(refusal_of(R"(,"iss":"any")"), "");
}

TEST(ClaimsTest, OneAudienceOfSeveralIsEnough) {
  const ClaimRules rules{.audience = {"game", "chat"}};
  EXPECT_EQ(refusal_of(R"(,"aud":"chat")", rules), "");
  EXPECT_EQ(refusal_of(R"(,"aud":["other","game"])", rules), "");
  EXPECT_EQ(refusal_of(R"(,"aud":"other")", rules), "wrong audience");
  EXPECT_EQ(refusal_of(R"(,"aud":[])", rules), "wrong audience");
  EXPECT_EQ(refusal_of("", rules), "token: aud is missing");
  for (const char* wrong : {"1", "null", "{}", "[\"game\",1]", "[1,\"game\"]", "[null]"}) {
    EXPECT_EQ(refusal_of(",\"aud\":" + std::string(wrong), rules),
              "token: aud must be a string or an array of strings");
  }
}

TEST(ClaimsTest, ATokenForAnAudienceIsNotForAServerThatHasNone) {
  EXPECT_EQ(refusal_of(R"(,"aud":"other")"), "wrong audience");
  EXPECT_EQ(refusal_of(""), "");
}

TEST(ClaimsTest, AnotherClaimMayBeTheIdentityBehindAPrefix) {
  const ClaimRules rules{.identity_claim = "user", .identity_prefix = "game:"};
  EXPECT_EQ(judge(sound(R"(,"user":"7")"), rules).grant.identity, "game:7");
  EXPECT_EQ(refusal_of("", rules), "token: user is missing");
  EXPECT_EQ(refusal_of(R"(,"user":7)", rules), "token: user must be a string");
  EXPECT_EQ(refusal_of(R"(,"user":"")", rules), "token: user is empty");
}

TEST(ClaimsTest, ABoundTokenIsForOnePublicKeyAndGrantsNoIdentity) {
  const ClaimRules rules{.binds_public_key = true};
  const std::string claims = R"({"exp":1000001,"pk":")" + std::string(kHash) + "\"}";
  const Judged judged = judge(claims, rules);
  EXPECT_EQ(judged.refusal, "");
  EXPECT_FALSE(judged.grant.identity);
  EXPECT_EQ(judge(claims, rules, std::string(64, '0')).refusal, "token is for another public_key");
  EXPECT_EQ(judge(claims, rules, std::nullopt).refusal, "token is for another public_key");
  EXPECT_EQ(refusal_of("", rules), "token: pk is missing");
  EXPECT_EQ(refusal_of(R"(,"pk":1)", rules), "token: pk must be a string");
}

TEST(ClaimsTest, RightsAreGranted) {
  const AuthGrant grant = judge(sound(R"(,"alias":"Al","namespaces":["lobby","game-*"],"rate":7,
                                         "create_rooms":false)"))
                              .grant;
  EXPECT_EQ(grant.alias, "Al");
  EXPECT_THAT(grant.namespaces, ElementsAre("lobby", "game-*"));
  EXPECT_EQ(grant.rate_per_second, 7U);
  EXPECT_FALSE(grant.may_create_rooms);
}

TEST(ClaimsTest, AnEmptyListOfNamespacesAllowsNoneAndNoListAllowsAll) {
  EXPECT_THAT(judge(sound("")).grant.namespaces, IsEmpty());
  const auto none = judge(sound(R"(,"namespaces":[])")).grant;
  EXPECT_TRUE(none.namespaces.empty() && none.lists_namespaces);
}

TEST(ClaimsTest, AClaimOfAWrongTypeIsRefused) {
  for (const char* wrong : {"1", "null", "{}", "[]"}) {
    EXPECT_EQ(refusal_of(",\"alias\":" + std::string(wrong)), "token: alias must be a string");
    EXPECT_EQ(refusal_of(",\"create_rooms\":" + std::string(wrong)),
              "token: create_rooms must be a boolean");
  }
  for (const char* wrong : {"1", "null", "{}", "\"a\"", "[1]", "[\"a\",null]", "[[\"a\"]]"}) {
    EXPECT_EQ(refusal_of(",\"namespaces\":" + std::string(wrong)),
              "token: namespaces must be an array of strings");
  }
  for (const char* wrong : {"0", "-1", "1.5", "1.0", "\"1\"", "null", "4294967296", "true"}) {
    EXPECT_EQ(refusal_of(",\"rate\":" + std::string(wrong)),
              "token: rate must be a positive integer")
        << wrong;
  }
}

TEST(ClaimsTest, APatternThatTheCoreWouldRefuseIsRefusedHere) {
  for (const char* wrong : {"\"\"", "\"a*b\"", "\"**\"", "\"ok\",\"*a\""}) {
    EXPECT_EQ(refusal_of(",\"namespaces\":[" + std::string(wrong) + "]"),
              "token: namespaces: a '*' may stand at the end only")
        << wrong;
  }
  EXPECT_EQ(refusal_of(R"(,"namespaces":["*"])"), "");
}

}  // namespace
}  // namespace peer_jwt
