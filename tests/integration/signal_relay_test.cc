// signal and relay, and what is opaque to the server: docs/protocol.md, "signal", "Envelope".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

/// Alice and Bob in one namespace. The parameter is the message type: both have the same rules.
class SignalRelayTest : public ServerTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    alice.emplace(peer_in("lobby", "alice"));
    bob.emplace(peer_in("lobby", "bob"));
    alice->next("peer_joined");
  }
  void TearDown() override {
    alice.reset();
    bob.reset();
    ServerTest::TearDown();
  }
  void send(std::string_view to, std::string_view payload) {
    alice->send_to(to, payload, GetParam());
  }

  std::optional<TestPeer> alice, bob;
};

INSTANTIATE_TEST_SUITE_P(Types, SignalRelayTest, testing::Values("signal", "relay"),
                         [](const auto& type) { return std::string(type.param); });

TEST_P(SignalRelayTest, TheTargetGetsTypeFromToPayloadAndTime) {
  send(bob->fingerprint(), R"({"signal_type":"offer"})");
  const Json got = bob->next(GetParam());
  EXPECT_THAT(got.keys(), UnorderedElementsAre("type", "from", "to", "payload", "ts"));
  EXPECT_EQ(got["from"].str(), alice->fingerprint());
  EXPECT_EQ(got["to"].str(), bob->fingerprint());
  EXPECT_EQ(got["payload"], R"({"signal_type":"offer"})"_json);
  EXPECT_GT(got["ts"].number(), 1'600'000'000'000);
  alice->expect_silence();
}

TEST_P(SignalRelayTest, AnAliasIsResolvedToTheFingerprint) {
  send("bob", "1");
  EXPECT_EQ(bob->next(GetParam())["to"].str(), bob->fingerprint());
}

TEST_P(SignalRelayTest, AFingerprintInUpperCaseIsAFingerprint) {
  send(upper(bob->fingerprint()), "1");
  EXPECT_EQ(bob->next(GetParam())["to"].str(), bob->fingerprint());
}

TEST_P(SignalRelayTest, OneCanSendToOneself) {
  send(alice->fingerprint(), "1");
  EXPECT_EQ(alice->next(GetParam())["from"].str(), alice->fingerprint());
}

TEST_P(SignalRelayTest, OnlyTheTargetHears) {
  TestPeer carol = peer_in("lobby", "carol");
  alice->next("peer_joined");
  bob->next("peer_joined");
  send("bob", "1");
  bob->next(GetParam());
  expect_silence_of({&*alice, &*bob, &carol});
}

TEST_P(SignalRelayTest, WhatTheClientClaimsToBeIsReplaced) {
  alice->send(
      message(GetParam(), "1",
              R"("to":"bob","from":"mallory","ts":5,"namespace":"x","node_id":"n","x":[1])"));
  const Json got = bob->next(GetParam());
  EXPECT_THAT(got.keys(), UnorderedElementsAre("type", "from", "to", "payload", "ts"));
  EXPECT_EQ(got["from"].str(), alice->fingerprint());
  EXPECT_NE(got["ts"].number(), 5);
}

TEST_P(SignalRelayTest, ThePayloadIsForwardedByteForByte) {
  const std::string payloads[] = {"1.0",
                                  "-0",
                                  "1e999",
                                  "-1E-999",
                                  "1180591620717411303424",
                                  "0.1000000000000000055511151231257827",
                                  "true",
                                  "null",
                                  R"("")",
                                  "[]",
                                  "{}",
                                  R"("\ud800")",
                                  R"("\udc00\ud800")",
                                  R"("\u0041\/\u00e9")",
                                  R"({"b":1,"a":2})",
                                  R"({"a":1,"a":2,"a":{"a":1,"a":1}})",
                                  "{ \"a\" :\t[ 1 ,\n2 ]\r}",
                                  R"({"payload":{"to":"x"},"type":"y","from":"z"})",
                                  R"("\\\"}{][,:")",
                                  "\"\xf0\x9f\x98\x80\x7f\"",
                                  R"({"\u0000":"\u0000"})",
                                  R"({"\ud800":1})",
                                  R"({"":{"":[[[[]]]]}})"};
  for (const auto& payload : payloads) {
    send("bob", payload);
    const std::string text = bob->next_text();
    EXPECT_THAT(text, HasSubstr("\"payload\":" + payload));
    EXPECT_THAT(text.substr(text.find(payload) + payload.size(), 1), testing::AnyOf(",", "}"));
  }
}

TEST_P(SignalRelayTest, ALargePayloadIsForwardedByteForByte) {
  const std::string payload = "\"" + std::string(60'000, 'x') + "\"";
  send("bob", payload);
  EXPECT_THAT(bob->next_text(), HasSubstr("\"payload\":" + payload));
}

TEST_P(SignalRelayTest, TheOrderOfTheEnvelopesKeysAndItsWhiteSpaceDoNotMatter) {
  alice->send(fmt(" \n{ \"payload\" : {\"a\":\"to\"} ,\t\"to\" : \"bob\" , \"type\" :\r\"%\" } ",
                  GetParam()));
  EXPECT_THAT((bob->next(GetParam()), bob->last_text()), HasSubstr(R"("payload":{"a":"to"})"));
}

TEST_P(SignalRelayTest, KeysOfTheEnvelopeMayBeEscaped) {
  alice->send(fmt(R"({"\u0074ype":"%","t\u006f":"bo\u0062","paylo\u0061d":[1]})", GetParam()));
  EXPECT_EQ(bob->next(GetParam())["payload"], "[1]"_json);
}

TEST_P(SignalRelayTest, AnAbsentPayloadStaysAbsent) {
  alice->send(message(GetParam(), "", R"("to":"bob")"));
  EXPECT_THAT(bob->next(GetParam()).keys(), UnorderedElementsAre("type", "from", "to", "ts"));
}

TEST_P(SignalRelayTest, ANullPayloadStaysNull) {
  send("bob", "null");
  EXPECT_THAT((bob->next(GetParam()), bob->last_text()), HasSubstr(R"("payload":null)"));
}

TEST_P(SignalRelayTest, WhatIsNotStrictJsonIsNotForwarded) {
  const std::string payloads[] = {"01",
                                  "1.",
                                  ".5",
                                  "+1",
                                  "NaN",
                                  "Infinity",
                                  "'a'",
                                  "[1,]",
                                  "{\"a\":1,}",
                                  "{a:1}",
                                  "\"\n\"",
                                  "\"\\x41\"",
                                  R"("\u12")",
                                  "tru",
                                  "\"a",
                                  "[1",
                                  "{\"a\"}",
                                  "1 2",
                                  "/**/1",
                                  "\xef\xbb\xbf"
                                  "1",
                                  "\"\t\"",
                                  "-",
                                  "1e",
                                  "0x10"};
  for (const auto& payload : payloads) {
    SCOPED_TRACE(payload);
    send("bob", payload);
    alice->expect_error(400, "invalid message");
  }
  for (const char* text :
       {"", "{", "[]", "5", "null", R"("x")", R"({"type":"ping"}x)", "\xef\xbb\xbf{}"}) {
    alice->expect_refused(text, 400, "invalid message");
  }
  bob->expect_silence();
}

TEST_P(SignalRelayTest, DepthIsAtMost1024) {
  const std::string deepest = std::string(1023, '[') + std::string(1023, ']');
  send("bob", deepest);
  EXPECT_THAT(bob->next_text(), HasSubstr(deepest));
  for (const std::size_t depth : {1024U, 1025U, 30'000U}) {
    send("bob", std::string(depth, '[') + std::string(depth, ']'));
    alice->expect_error(400, "invalid message");
  }
  send("bob", std::string(60'000, '['));
  alice->expect_error(400, "invalid message");
}

TEST_P(SignalRelayTest, ATargetIsRequired) {
  for (const char* to : {"", R"("to":"")", R"("to":null)", R"("TO":"bob")"}) {
    alice->expect_refused(message(GetParam(), "1", to), 400, "target peer required");
  }
  alice->expect_refused(message(GetParam(), "1", R"("to":5)"), 400, "to must be a string");
  alice->expect_refused(message(GetParam(), "1", R"("to":"bob","to":"bob")"), 400,
                        "duplicate field");
  alice->send(message(GetParam(), "1", R"("to":"\ud800")"));
  alice->expect_error_like(400, "");
  bob->expect_silence();
}

TEST_P(SignalRelayTest, ADuplicateKeyOfTheEnvelopeIsRefused) {
  alice->send(fmt(R"({"type":"%","to":"bob","payload":1,"payload":2})", GetParam()));
  alice->expect_error(400, "duplicate field");
  alice->send(fmt(R"({"type":"%","type":"%","to":"bob","payload":1})", GetParam(), GetParam()));
  alice->expect_error(400, "duplicate field");
  bob->expect_silence();
}

TEST_P(SignalRelayTest, AnUnknownTargetIs404) {
  for (const auto& to : {std::string("nobody"), fingerprint_of("nobody"), std::string(5000, 'x')}) {
    send(to, "1");
    alice->expect_error(404, "peer not found");
  }
}

TEST_P(SignalRelayTest, ATargetWithoutASharedNamespaceIs403) {
  TestPeer carol = peer_in("elsewhere", "carol");
  send("carol", "1");
  alice->expect_error(403, "no shared namespace");
  carol.expect_silence();
}

TEST_P(SignalRelayTest, TheOrderOfChecksIs400Then404Then403) {
  TestPeer stranger = peer("stranger");
  stranger.expect_refused(message(GetParam(), "1"), 400, "target peer required");
  stranger.expect_refused(message(GetParam(), "1", R"("to":"nobody")"), 404, "peer not found");
  stranger.expect_refused(message(GetParam(), "1", R"("to":"alice")"), 403, "no shared namespace");
}

TEST_P(SignalRelayTest, LeavingTheLastSharedNamespaceEndsIt) {
  bob->send("leave", R"({"namespace":"lobby"})");
  alice->next("peer_left");
  send("bob", "1");
  alice->expect_error(403, "no shared namespace");
}

TEST_P(SignalRelayTest, OneSharedNamespaceOfManyIsEnough) {
  alice->join("a");
  bob->join("b");
  TestPeer carol = peer_in("b", "carol");
  carol.join("c");
  alice->join("c");
  send("carol", "1");
  carol.next("peer_joined");
  carol.next(GetParam());
}

TEST_P(SignalRelayTest, ASharedRoomIsASharedNamespace) {
  TestPeer carol = peer("carol");
  carol.create_room("den");
  alice->join("den");
  send("carol", "1");
  carol.next("peer_joined");
  carol.next(GetParam());
}

TEST_P(SignalRelayTest, APeerThatHasGoneIsNotFound) {
  bob->close();
  alice->next("peer_left");
  send("bob", "1");
  alice->expect_error(404, "peer not found");
}

}  // namespace
}  // namespace peer::test
