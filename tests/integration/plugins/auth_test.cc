// An auth plugin has the word before a registration counts: docs/protocol.md, "C.3 Authentication".
#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class AuthTest : public PluginServerTest, public testing::WithParamInterface<int> {
 protected:
  void start_auth(std::string_view options = {}, std::vector<std::string> settings = {}) {
    settings.push_back(fmt("loops=%", GetParam()));
    start_plugin("auth", "auth_token", options, std::move(settings));
  }
  static std::string register_with(std::string_view token, std::string_view key) {
    return message("register",
                   fmt(R"({"public_key":"%","alias":"%","token":"%"})", key, key, token),
                   R"("id":"reg")");
  }
  /// A connection that has sent its register message.
  TestPeer knock(std::string_view token, std::string_view key) {
    TestPeer peer = connect();
    peer.send(register_with(token, key));
    return peer;
  }
  TestPeer admitted(std::string_view token, std::string_view key) {
    TestPeer peer = knock(token, key);
    peer.next("registered");
    return peer;
  }
  /// A connection that has been asked "6 x 7".
  TestPeer challenged(std::string_view key) {
    TestPeer peer = knock("challenge", key);
    const Json challenge = peer.next("auth_challenge");
    EXPECT_EQ(challenge["payload"], R"({"question":"6 x 7"})"_json);
    EXPECT_EQ(challenge["id"].str(), "reg");
    return peer;
  }
  void expect_denied(TestPeer& peer, std::string_view words) {
    peer.expect_error(401, words);
    peer.ws().expect_close(4003, std::string(words));
    EXPECT_EQ(http_json("/health")["peers"].number(), 0);
  }
};

INSTANTIATE_TEST_SUITE_P(Loops, AuthTest, testing::Values(1, 4));

TEST_P(AuthTest, AGoodTokenIsLetIn) {
  start_auth();
  TestPeer alice = knock("good", "alice");
  const Json reply = alice.next("registered");
  EXPECT_EQ(reply["payload"]["fingerprint"].str(), fingerprint_of("alice"));
  EXPECT_EQ(reply["id"].str(), "reg");
  alice.join("lobby");
}

TEST_P(AuthTest, ABadTokenIsTurnedAwayWithThePluginsWords) {
  start_auth();
  TestPeer alice = knock("bad", "alice");
  const Json error = alice.expect_error(401, "bad token");
  EXPECT_EQ(error["id"].str(), "reg");
  alice.ws().expect_close(4003, "bad token");
  server().wait_for_output(R"(refused 127.0.0.1: the auth plugin 'token' rejects it: "bad token")");
  EXPECT_EQ(http_json("/stats")["network"]["refusals"]["auth"].number(), 1);
}

TEST_P(AuthTest, LongWordsAreCutInTheCloseFrame) {
  start_auth();
  TestPeer alice = knock("essay", "alice");
  EXPECT_EQ(alice.next("error")["payload"]["message"].str().size(), 301U);
  // 123 bytes are the most (RFC 6455 5.5); the last character ends at 123.
  std::string reason = "x";
  while (reason.size() < 123) reason += "\u00e4";
  alice.ws().expect_close(4003, reason);
}

TEST_P(AuthTest, LongWordsAreCutInTheLog) {
  start_auth();
  TestPeer alice = knock("essay", "alice");
  alice.next("error");
  // 120 bytes at most; the last character would be cut in two.
  std::string shown = "x";
  while (shown.size() < 119) shown += "\u00e4";
  server().wait_for_output("rejects it: \"" + shown + "\"...");
}

TEST_P(AuthTest, WordsInTheLogAreQuoted) {
  start_auth();
  TcpStream stream(port());
  stream.write(upgrade_request("/ws?a=\"b") +
               encode({.payload = register_with("mirror", "alice")}));
  server().wait_for_output(R"(rejects it: "127.0.0.1  a=\"b")");
}

TEST_P(AuthTest, ThePluginSeesAddressOriginAndQuery) {
  start_auth();
  std::string request = upgrade_request("/ws?room=7&key=a%20b");
  request.insert(request.find("\r\n") + 2, "origin: https://a-rather-long-name.example.org\r\n");
  TcpStream stream(port());
  stream.write(request + encode({.payload = register_with("mirror", "alice")}));
  std::string buffer;
  EXPECT_EQ(read_http_reply(stream, buffer).status, 101);
  std::optional<Frame> frame = take_frame(buffer);
  for (; !frame; frame = take_frame(buffer)) stream.read_some(buffer);
  EXPECT_EQ(Json::parse(frame->payload)["payload"]["message"].str(),
            "127.0.0.1 https://a-rather-long-name.example.org room=7&key=a%20b");
}

TEST_P(AuthTest, WhatIsPipelinedBehindARejectedRegisterIsNotHandled) {
  start_auth();
  TestPeer alice = connect();
  alice.ws().send_raw(encode({.payload = register_with("bad", "alice")}) +
                      encode({.payload = message("ping")}));
  expect_denied(alice, "bad token");
}

TEST_P(AuthTest, ARightAnswerToTheChallengeIsLetIn) {
  start_auth();
  TestPeer alice = challenged("alice");
  alice.send("auth_response", R"({"answer":42})", R"("id":"answer")");
  const Json reply = alice.next("registered");
  EXPECT_EQ(reply["from"].str(), fingerprint_of("alice"));
  EXPECT_EQ(reply["id"].str(), "answer");
  alice.join("lobby");
}

TEST_P(AuthTest, AWrongAnswerIsTurnedAway) {
  start_auth();
  TestPeer alice = challenged("alice");
  alice.send("auth_response", R"({"answer":41})");
  expect_denied(alice, "wrong answer");
}

TEST_P(AuthTest, OnlyAnAnswerMayFollowAChallenge) {
  start_auth();
  for (const std::string& text : {message("ping"), register_with("good", "alice"),
                                  std::string("not json"), std::string("[]")}) {
    TestPeer alice = challenged("alice");
    alice.send(text);
    alice.expect_error(400, "auth_response expected");
    alice.ws().expect_close(1008);
  }
}

TEST_P(AuthTest, AnAnswerWithoutAChallengeIsNoFirstMessage) {
  start_auth();
  TestPeer alice = connect();
  alice.send("auth_response", R"({"answer":42})");
  alice.expect_error(400, "first message must be register");
  alice.ws().expect_close(1008);
}

TEST_P(AuthTest, AnAnswerOfARegisteredPeerIsUnknown) {
  start_auth();
  TestPeer alice = admitted("good", "alice");
  alice.expect_refused(message("auth_response", R"({"answer":42})"), 400, "unknown message type");
}

TEST_P(AuthTest, AnUnansweredChallengeTimesOut) {
  start_auth({}, {"pong_wait=150ms"});
  TestPeer alice = challenged("alice");
  alice.ws().expect_close(1008, "registration timeout");
  server().wait_for_output("refused 127.0.0.1: no auth_response within pong_wait");
}

TEST_P(AuthTest, AChallengeThatIsNoJsonIsADenial) {
  start_auth();
  TestPeer alice = knock("riddle", "alice");
  expect_denied(alice, "authentication failed");
}

TEST_P(AuthTest, AVerdictMayComeFromAnotherThread) {
  start_auth();
  TestPeer alice = connect();
  alice.ws().send_raw(encode({.payload = register_with("late", "alice")}) +
                      encode({.payload = message("ping")}));
  alice.next("registered");
  alice.next("pong");
}

TEST_P(AuthTest, OthersAreNotHeldUpByAVerdictThatIsDue) {
  start_auth();
  TestPeer alice = knock("kept", "alice");
  TestPeer bob = admitted("good", "bob");
  bob.round_trip();
  TestPeer carol = admitted("release", "carol");
  alice.next("registered");
}

TEST_P(AuthTest, WithoutAVerdictInPongWaitItIsADenial) {
  start_auth({}, {"pong_wait=150ms"});
  TestPeer alice = knock("never", "alice");
  alice.expect_error_like(401, "authentication");
  alice.ws().expect_close(4003);
  admitted("good", "bob").round_trip();
  EXPECT_THAT(log_at_the_end(),
              HasSubstr("plugin auth 'token': authenticate: did not answer in time"));
}

TEST_P(AuthTest, AVerdictAfterTheDenialIsIgnored) {
  start_auth({}, {"pong_wait=150ms"});
  TestPeer alice = knock("kept", "alice");
  alice.expect_error_like(401, "authentication");
  alice.ws().expect_close(4003);
  alice.ws().stream().expect_end();
  TestPeer bob = admitted("release", "bob");
  bob.expect_silence();
  EXPECT_EQ(http_json("/health")["peers"].number(), 1);
}

TEST_P(AuthTest, AVerdictForAConnectionThatHasEndedIsIgnored) {
  start_auth();
  TestPeer alice = knock("kept", "alice");
  TestPeer witness = admitted("good", "witness");
  alice.ws().stream().reset();
  TestPeer bob = admitted("release", "bob");
  expect_silence_of({&witness, &bob});
  wait_for_peers(2);
  TestPeer other = connect();
  EXPECT_FALSE(
      other.register_as("other", R"("alias":"alice","token":"good")")["payload"]["alias_taken"]
          .exists());
}

TEST_P(AuthTest, OfTwoVerdictsTheFirstCounts) {
  start_auth();
  TestPeer alice = admitted("twice", "alice");
  alice.expect_silence();
  EXPECT_THAT(log_at_the_end(), HasSubstr("plugin auth 'token': authenticate: answered twice"));
}

TEST_P(AuthTest, APluginThatSleepsIsNamedAndItsVerdictCounts) {
  start_auth();
  TestPeer alice = admitted("asleep", "alice");
  admitted("good", "bob").round_trip();
  alice.round_trip();
  const std::string log = log_at_the_end();
  EXPECT_THAT(log, ContainsRegex("plugin auth 'token': authenticate: took [0-9]+ ms, budget 100"));
}

TEST_P(AuthTest, APluginThatThrowsDenies) {
  start_auth();
  TestPeer alice = knock("throw", "alice");
  expect_denied(alice, "authentication failed");
  EXPECT_THAT(log_at_the_end(), HasSubstr("plugin auth 'token': authenticate: token says throw"));
}

// --- what is granted

TEST_P(AuthTest, NamespacesThatAreNotGrantedAreNotAllowed) {
  start_auth();
  TestPeer owner = admitted("good", "owner");
  owner.create_room("den");
  TestPeer alice = admitted("lobby", "alice");
  alice.expect_refused(message("join", R"({"namespace":"hall"})"), 403, "not allowed");
  alice.expect_refused(message("join", R"({"namespace":"lobb"})"), 403, "not allowed");
  alice.expect_refused(message("join", R"({"namespace":"den"})"), 403, "not allowed");
  alice.expect_refused(message("join_room", R"({"room_id":"den"})"), 403, "not allowed");
  alice.expect_refused(message("create_room", R"({"room_id":"hall"})"), 403, "not allowed");
  alice.join("lobby");
  alice.create_room("lobby-room");
  expect_silence_of({&owner, &alice});
}

TEST_P(AuthTest, AGrantWithoutRoomsAllowsJoiningOnly) {
  start_auth();
  TestPeer owner = admitted("good", "owner");
  owner.create_room("den");
  TestPeer guest = admitted("guest", "guest");
  guest.expect_refused(message("create_room", R"({"room_id":"own"})"), 403, "not allowed");
  guest.join("den");
  guest.join("lobby");
}

TEST_P(AuthTest, AGrantedIdentityAndAliasStandInForThePeersOwn) {
  start_auth();
  TestPeer alice = knock("named", "alice");
  const Json reply = alice.next("registered");
  EXPECT_EQ(reply["payload"], json(R"({"fingerprint":"%","alias":"granted"})",
                                   fingerprint_of(std::string_view("\0identity\0somebody", 18))));
  TestPeer again = knock("named", "bob");
  again.next("registered");
  alice.ws().expect_close(4001);
}

TEST_P(AuthTest, AGrantedRateIsEnforced) {
  start_auth();
  TestPeer alice = admitted("slow", "alice");
  alice.round_trip();
  alice.send(message("ping"));
  alice.expect_error(429, "rate limited");
  TestPeer bob = admitted("good", "bob");
  bob.round_trip();
  bob.round_trip();
}

TEST_P(AuthTest, AGrantThatExpiresClosesTheConnection) {
  start_auth("expiry_ms: 200");
  TestPeer bob = admitted("good", "bob");
  bob.join("lobby");
  TestPeer alice = admitted("lobby", "alice");
  alice.join("lobby");
  bob.next("peer_joined");
  alice.expect_error(401, "authentication expired");
  alice.ws().expect_close(4003, "authentication expired");
  bob.next("peer_left");
  bob.round_trip();
}

// --- shutdown

TEST_P(AuthTest, VerdictsThatAreDueAtTheEndDoNoHarm) {
  start_auth();
  TestPeer alice = knock("kept", "alice");
  TestPeer bob = knock("never", "bob");
  TestPeer carol = admitted("late", "carol");
  server().signal(SIGTERM);
  for (TestPeer* peer : {&alice, &bob, &carol}) peer->ws().expect_close(1001);
  expect_exit(0);
}

}  // namespace
}  // namespace peer::test
