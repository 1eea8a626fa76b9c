#include "answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/protocol/json_value.h"

namespace peer_http_auth {
namespace {

using peer::sdk::AuthGrant;
using peer::sdk::AuthRejection;
using peer::sdk::AuthVerdict;
using peer::sdk::Instant;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kNow{std::chrono::seconds(1'800'000'000)};

peer::sdk::Result<AuthVerdict> read(const std::string& text) {
  peer::sdk::Value value;
  EXPECT_EQ(peer::parse_json_value(text, 64, value), peer::ValueFault::kNone) << text;
  return read_answer(value, "shop:", kNow);
}

AuthGrant granted(const std::string& text) {
  const auto verdict = read(text);
  EXPECT_TRUE(verdict) << text;
  const auto* grant = verdict ? std::get_if<AuthGrant>(&*verdict) : nullptr;
  EXPECT_NE(grant, nullptr) << text;
  return grant == nullptr ? AuthGrant() : *grant;
}

TEST(AnswerTest, AllowAloneGrantsAll) {
  const AuthGrant grant = granted(R"({"allow":true})");
  EXPECT_FALSE(grant.identity || grant.alias || grant.expires || grant.rate_per_second);
  EXPECT_THAT(grant.namespaces, IsEmpty());
  EXPECT_TRUE(grant.may_create_rooms);
}

TEST(AnswerTest, EachMemberIsGranted) {
  const AuthGrant grant = granted(
      R"({"allow":true,"identity":"7","alias":"ann","namespaces":["lobby","game-*"],"rate":5,)"
      R"("create_rooms":false,"expires_in":90.5,"more":{"to":"come"}})");
  EXPECT_EQ(grant.identity, "shop:7");
  EXPECT_EQ(grant.alias, "ann");
  EXPECT_THAT(grant.namespaces, ElementsAre("lobby", "game-*"));
  EXPECT_EQ(grant.rate_per_second, 5U);
  EXPECT_FALSE(grant.may_create_rooms);
  EXPECT_EQ(*grant.expires, kNow + std::chrono::milliseconds(90'500));
}

TEST(AnswerTest, NullIsNotThere) {
  const AuthGrant grant =
      granted(R"({"allow":true,"identity":null,"alias":null,"namespaces":null,"rate":null,)"
              R"("create_rooms":null,"expires_in":null})");
  EXPECT_FALSE(grant.identity || grant.alias || grant.expires || grant.rate_per_second);
  EXPECT_THAT(grant.namespaces, IsEmpty());
}

TEST(AnswerTest, AnEmptyListAllowsNothing) {
  const AuthGrant grant = granted(R"({"allow":true,"namespaces":[]})");
  EXPECT_TRUE(grant.lists_namespaces);
  EXPECT_THAT(grant.namespaces, IsEmpty());
  EXPECT_FALSE(granted(R"({"allow":true})").lists_namespaces);
}

TEST(AnswerTest, ADenialHasWordsForTheClient) {
  for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
           {R"({"allow":false,"message":"not today","identity":7})", "not today"},
           {R"({"allow":false})", "authentication failed"},
           {R"({"allow":false,"message":null})", "authentication failed"}}) {
    const auto verdict = read(text);
    ASSERT_TRUE(verdict);
    EXPECT_EQ(std::get<AuthRejection>(*verdict).message, words);
  }
}

TEST(AnswerTest, WhatIsOfAWrongTypeRefusesTheWhole) {
  for (const char* text : {"[]",
                           "true",
                           "null",
                           "{}",
                           R"({"allow":1})",
                           R"({"allow":"true"})",
                           R"({"allow":null})",
                           R"({"allow":false,"message":5})",
                           R"({"allow":true,"identity":5})",
                           R"({"allow":true,"identity":""})",
                           R"({"allow":true,"alias":["a"]})",
                           R"({"allow":true,"namespaces":"lobby"})",
                           R"({"allow":true,"namespaces":[1]})",
                           R"({"allow":true,"namespaces":[""]})",
                           R"({"allow":true,"namespaces":["a*b"]})",
                           R"({"allow":true,"rate":"5"})",
                           R"({"allow":true,"rate":0})",
                           R"({"allow":true,"rate":-1})",
                           R"({"allow":true,"rate":1.5})",
                           R"({"allow":true,"rate":4294967296})",
                           R"({"allow":true,"create_rooms":0})",
                           R"({"allow":true,"expires_in":"60"})",
                           R"({"allow":true,"expires_in":0})",
                           R"({"allow":true,"expires_in":0.5})",
                           R"({"allow":true,"expires_in":-5})"}) {
    EXPECT_FALSE(read(text)) << text;
  }
}

TEST(AnswerTest, AnEndBeyondAllTimeIsFarAway) {
  EXPECT_EQ(*granted(R"({"allow":true,"expires_in":1e300})").expires,
            kNow + std::chrono::seconds(3'155'760'000));
}

}  // namespace
}  // namespace peer_http_auth
