#include "peerjs_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/dialect_peerjs/fake_host.h"

namespace peer_peerjs {
namespace {

using namespace std::chrono_literals;
using peer::sdk::DialectMessage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PeerJsSessionTest : public testing::Test {
 protected:
  void hear(std::string text) {
    peer_.heard = std::move(text);
    session_.hear(peer_.heard);
  }
  /// A `signal` of the peer whose fingerprint is that of this id.
  void signal(std::string_view from_id, std::string_view payload) {
    signal_from(host_.fingerprint_of(from_id), payload);
  }
  void signal_from(const peer::sdk::Fingerprint& from, std::string_view payload) {
    DialectMessage message;
    message.type = "signal";
    message.from = from;
    message.payload = payload;
    session_.tell(message);
  }
  void answer(std::string_view type, std::string_view id, int code = 0) {
    DialectMessage message;
    message.type = type;
    message.id = id;
    message.code = code;
    session_.tell(message);
  }
  std::vector<std::string> sent() { return std::exchange(peer_.sent, {}); }

  FakeHost host_;
  Options options_;
  FakePeer peer_{"alice"};
  Surroundings around_{host_, options_};
  PeerJsSession session_{around_, peer_};
};

TEST_F(PeerJsSessionTest, ItBeginsWithOpen) {
  EXPECT_THAT(peer_.sent, ElementsAre(R"({"type":"OPEN"})"));
}

TEST_F(PeerJsSessionTest, AMessageGoesToItsDstInTheWordsThatItWillGet) {
  hear(R"({"type":"OFFER","src":"forged","payload":{"big":9007199254740993},"dst":"bob"})");
  EXPECT_THAT(
      peer_.directed,
      ElementsAre(FakePeer::Directed{
          "bob", R"({"type":"OFFER","src":"alice","dst":"bob","payload":{"big":9007199254740993}})",
          options_.expire}));
}

TEST_F(PeerJsSessionTest, LeaveAndExpireDoNotWait) {
  for (const char* type : {"OFFER", "ANSWER", "CANDIDATE", "LEAVE", "EXPIRE"}) {
    hear(R"({"type":")" + std::string(type) + R"(","dst":"bob"})");
  }
  std::vector<std::chrono::milliseconds> waits;
  for (const auto& directed : peer_.directed) waits.push_back(directed.wait);
  EXPECT_THAT(waits, ElementsAre(5s, 5s, 5s, 0s, 0s));
}

TEST_F(PeerJsSessionTest, OtherTypesAndNonsenseAreIgnored) {
  for (const char* text : {"hello", "null", "{}", R"({"type":"HEARTBEAT"})", R"({"type":"PING"})",
                           R"({"type":"OFFER"})", R"({"type":"OFFER","dst":7})"}) {
    hear(text);
  }
  EXPECT_THAT(peer_.directed, IsEmpty());
  EXPECT_THAT(peer_.said, IsEmpty());
  EXPECT_FALSE(peer_.closed);
  EXPECT_EQ(peer_.sent.size(), 1U);
}

TEST_F(PeerJsSessionTest, LeaveForNobodyEndsTheClient) {
  hear(R"({"type":"LEAVE"})");
  EXPECT_TRUE(peer_.closed);
}

TEST_F(PeerJsSessionTest, WhatAnotherClientSentComesAsItIs) {
  const std::string text = relayed(Kind::kAnswer, R"("bob")", R"("alice")", R"({"n":1.50})");
  signal("bob", text);
  EXPECT_THAT(peer_.sent.back(), text);
}

TEST_F(PeerJsSessionTest, NobodyPassesForAnother) {
  const auto mallory = host_.fingerprint_of("mallory");
  signal("bob", relayed(Kind::kAnswer, R"("bob")", R"("alice")", "1"));
  peer_.sent.clear();
  signal_from(mallory, relayed(Kind::kAnswer, R"("bob")", R"("alice")", "2"));
  ASSERT_EQ(peer_.sent.size(), 1U);
  const std::string hex = peer::to_hex(mallory);
  EXPECT_EQ(peer_.sent[0], R"({"type":"ANSWER","src":")" + hex + R"(","dst":"alice","payload":2})");
}

TEST_F(PeerJsSessionTest, TheIdOfTheSameSenderIsCheckedOnce) {
  const std::string text = relayed(Kind::kCandidate, R"("bob")", R"("alice")", "{}");
  const int before = host_.hashes;
  for (int i = 0; i < 10; ++i) signal("bob", text);
  EXPECT_EQ(host_.hashes - before, 10 + 1);  // ten by signal()
}

TEST_F(PeerJsSessionTest, ANativePeerIsHeardByItsFingerprint) {
  const auto native = peer::fingerprint_of("a native key");
  signal_from(native, R"({"payload":{"sdp":"x"},"type":"OFFER"})");
  EXPECT_EQ(peer_.sent.back(), R"({"type":"OFFER","src":")" + peer::to_hex(native) +
                                   R"(","dst":"alice","payload":{"sdp":"x"}})");
  peer_.sent.clear();
  signal_from(native, R"({"signal_type":"offer","sdp":"x"})");
  signal_from(native, R"("text")");
  EXPECT_THAT(peer_.sent, IsEmpty());
}

TEST_F(PeerJsSessionTest, WhatDidNotArriveIsToldOnce) {
  session_.undelivered("b\"ob");
  EXPECT_EQ(peer_.sent.back(), R"({"type":"EXPIRE","src":"b\"ob","dst":"alice"})");
}

TEST_F(PeerJsSessionTest, SilenceForTheAliveTimeoutEndsIt) {
  EXPECT_EQ(peer_.wakes_after, 90s);
  peer_.clock += 60s;
  hear(R"({"type":"HEARTBEAT"})");
  peer_.clock += 30s;
  session_.wake();
  EXPECT_FALSE(peer_.closed);
  EXPECT_EQ(peer_.wakes_after, 60s);
  peer_.clock += 59s;
  hear("nonsense");
  peer_.clock += 1s;
  session_.wake();
  EXPECT_EQ(peer_.wakes_after, 89s);
  peer_.clock += 88s;
  answer("error", "", 429);
  peer_.clock += 1s;
  session_.wake();
  EXPECT_FALSE(peer_.closed);
  peer_.clock += 89s;
  session_.wake();
  EXPECT_TRUE(peer_.closed);
}

TEST_F(PeerJsSessionTest, OnlyWhatAClientCannotKnowIsItsLastWord) {
  EXPECT_EQ(session_.last_word({1001, "going away"}), "");
  EXPECT_EQ(session_.last_word({4001, "replaced"}), "");
  EXPECT_EQ(session_.last_word({4003, "banned"}), R"({"type":"ERROR","payload":{"msg":"banned"}})");
  EXPECT_EQ(session_.last_word({4000, ""}), "");
}

TEST_F(PeerJsSessionTest, WithoutNativePeersAFingerprintIsAnIdLikeAnyOther) {
  const std::string id = peer::to_hex(peer::fingerprint_of("a native key"));
  hear(R"({"type":"OFFER","dst":")" + id + R"("})");
  EXPECT_THAT(peer_.said, IsEmpty());
  EXPECT_EQ(peer_.directed.size(), 1U);
}

/// In a namespace that natives can be in.
class PeerJsLobbyTest : public PeerJsSessionTest {
 protected:
  PeerJsLobbyTest() { options_.ns = "lobby"; }

  const std::string native_ = peer::to_hex(peer::fingerprint_of("a native key"));
  const std::string offer_ = R"({"type":"OFFER","dst":")" + native_ + R"(","payload":{"n":1.0}})";
};

TEST_F(PeerJsLobbyTest, AFingerprintIsANativePeersName) {
  hear(offer_);
  EXPECT_THAT(peer_.said, ElementsAre(R"({"type":"signal","id":1,"to":")" + native_ +
                                      R"(","payload":{"type":"OFFER","payload":{"n":1.0}}})"));
  EXPECT_THAT(peer_.directed, IsEmpty());
  answer("ack", "1");
  answer("error", "1", 404);
  EXPECT_THAT(peer_.directed, IsEmpty());
}

TEST_F(PeerJsLobbyTest, AFingerprintThatNoNativeHasMayBeAClientsId) {
  hear(offer_);
  hear(R"({"type":"LEAVE","dst":")" + native_ + R"("})");
  answer("error", "1", 404);
  answer("error", "2", 403);
  EXPECT_THAT(peer_.directed,
              ElementsAre(FakePeer::Directed{native_,
                                             R"({"type":"OFFER","src":"alice","dst":")" + native_ +
                                                 R"(","payload":{"n":1.0}})",
                                             options_.expire},
                          FakePeer::Directed{
                              native_,
                              R"({"type":"LEAVE","src":"alice","dst":")" + native_ + R"("})", 0s}));
}

TEST_F(PeerJsLobbyTest, WhatIsTriedIsBounded) {
  for (int i = 0; i < 64; ++i) hear(offer_);
  EXPECT_THAT(peer_.directed, IsEmpty());
  hear(offer_);
  EXPECT_EQ(peer_.said.size(), 64U);
  EXPECT_EQ(peer_.directed.size(), 1U);
  answer("ack", "64");
  hear(offer_);
  EXPECT_EQ(peer_.said.size(), 65U);
}

TEST_F(PeerJsLobbyTest, SoAreItsBytes) {
  const std::string long_payload = "\"" + std::string(100'000, 'x') + "\"";
  for (int i = 0; i < 3; ++i) {
    hear(R"({"type":"OFFER","dst":")" + native_ + R"(","payload":)" + long_payload + "}");
  }
  EXPECT_EQ(peer_.said.size(), 2U);
  EXPECT_EQ(peer_.directed.size(), 1U);
}

}  // namespace
}  // namespace peer_peerjs
