#include "messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/dialect_peerjs/fake_host.h"

namespace peer_peerjs {
namespace {

using testing::Eq;

TEST(PeerJsMessagesTest, AMessageIsReadInAnyOrderOfItsKeys) {
  const FakeHost host;
  const auto read = read_directed(
      host,
      host.members_of(
          R"( {"payload" : {"a":[1e400, "\u00e4"]} ,"dst":"b\"o\u0062","x":1,"type":"\u004fFFER"} )"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, Kind::kOffer);
  EXPECT_EQ(read->dst, "b\"ob");
  EXPECT_EQ(read->payload, R"({"a":[1e400, "\u00e4"]})");
}

TEST(PeerJsMessagesTest, OfTwoMembersWithOneKeyTheLastCounts) {
  const FakeHost host;
  const auto read = read_directed(
      host, host.members_of(
                R"({"type":"LEAVE","dst":"a","dst":"b","type":"OFFER","payload":1,"payload":2})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, Kind::kOffer);
  EXPECT_EQ(read->dst, "b");
  EXPECT_EQ(read->payload, "2");
}

TEST(PeerJsMessagesTest, WhatIsNoMessageForAnotherIsNone) {
  const FakeHost host;
  for (const char* text :
       {"", "hello", "null", "[1]", "{", R"({"dst":"b"})", R"({"type":1,"dst":"b"})",
        R"({"type":"HEARTBEAT","dst":"b"})", R"({"type":"OPEN","dst":"b"})",
        R"({"type":"offer","dst":"b"})", R"({"type":"OFFER","dst":"b"}x)"}) {
    EXPECT_FALSE(read_directed(host, host.members_of(text))) << text;
  }
}

TEST(PeerJsMessagesTest, ADstThatIsNoTextIsNone) {
  const FakeHost host;
  for (const char* dst : {"5", "null", R"(["b"])", R"("\ud800")", R"("")"}) {
    const std::string text = R"({"type":"OFFER","dst":)" + std::string(dst) + "}";
    const auto read = read_directed(host, host.members_of(text));
    ASSERT_TRUE(read) << dst;
    EXPECT_EQ(read->dst, "") << dst;
  }
}

TEST(PeerJsMessagesTest, WhatIsPassedOnHasTheFormAndOrderOfPeerServer) {
  EXPECT_EQ(relayed(Kind::kOffer, R"("a")", R"("b")", "{ \"n\": 1.0 }"),
            R"({"type":"OFFER","src":"a","dst":"b","payload":{ "n": 1.0 }})");
  EXPECT_EQ(relayed(Kind::kLeave, R"("a")", R"("b")", {}),
            R"({"type":"LEAVE","src":"a","dst":"b"})");
  EXPECT_EQ(expired(R"("gone")", R"("me")"), R"({"type":"EXPIRE","src":"gone","dst":"me"})");
}

TEST(PeerJsMessagesTest, TheSrcOfWhatWasPassedOnIsFound) {
  EXPECT_THAT(src_of_relayed(relayed(Kind::kCandidate, R"("a\"\\")", R"("b")", "{}")),
              Eq(R"("a\"\\")"));
  for (const char* text :
       {"", R"({"type":"OFFER"})", R"({"type":"OTHER","src":"a","dst":"b"})",
        R"({"type":"OFFER","src":5,"dst":"b"})", R"({"type":"OFFER","src":"a)",
        R"({"type":"OFFER","src":"a\)", R"({"type":"OFFER","src":"a","x":"b"})"}) {
    EXPECT_FALSE(src_of_relayed(text)) << text;
  }
}

TEST(PeerJsMessagesTest, WordsOfAnErrorAreEscaped) {
  EXPECT_EQ(error("a \"b\""), R"({"type":"ERROR","payload":{"msg":"a \"b\""}})");
  EXPECT_EQ(error("\xff"), R"({"type":"ERROR","payload":{"msg":""}})");
}

}  // namespace
}  // namespace peer_peerjs
