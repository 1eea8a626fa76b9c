// The first message, identity and replacement: docs/protocol.md, "First message",
// "Replacement", "Identity".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::MatchesRegex;

class RegistrationTest : public ServerTest {
 protected:
  /// A connection whose first message is `text` must get 400 with a matching text, and 1008.
  void expect_refused_first(std::string_view text, const std::string& pattern) {
    SCOPED_TRACE(std::string(text.substr(0, 200)));
    TestPeer stranger = connect();
    stranger.send(text);
    stranger.expect_error_like(400, pattern);
    stranger.ws().expect_close(1008);
    stranger.ws().stream().expect_end();
  }
};

// --- the first message

TEST_F(RegistrationTest, TheFirstMessageMustBeRegister) {
  for (const char* text :
       {R"({"type":"ping"})", R"({"type":"join","payload":{"namespace":"lobby"}})", "{}",
        R"({"type":"nonsense"})", R"({"type":"REGISTER","payload":{"public_key":"alice"}})"}) {
    expect_refused_first(text, "^first message must be register$");
  }
}

TEST_F(RegistrationTest, AFirstMessageThatIsNoneIsToldSo) {
  for (const char* text : {"not json", R"({"type":"register")", "[]", "1", ""}) {
    expect_refused_first(text, "^invalid message$");
  }
  expect_refused_first(R"({"type":"register","id":{},"payload":{"public_key":"a"}})",
                       "^id must be a string or an integer$");
  expect_refused_first(R"({"type":7})", "^type must be a string$");
}

TEST_F(RegistrationTest, ThePublicKeyIsRequired) {
  expect_refused_first(R"({"type":"register"})", "");
  expect_refused_first(R"({"type":"register","payload":{}})", "public_key");
  expect_refused_first(R"({"type":"register","payload":{"public_key":""}})", "public_key");
  expect_refused_first(R"({"type":"register","payload":{"public_key":null}})", "public_key");
  expect_refused_first(R"({"type":"register","payload":{"PUBLIC_KEY":"alice"}})", "public_key");
}

TEST_F(RegistrationTest, WronglyTypedFieldsOfRegisterAreRefused) {
  expect_refused_first(R"({"type":"register","payload":{"public_key":5}})",
                       "^public_key must be a string$");
  expect_refused_first(R"({"type":"register","payload":{"public_key":"a","alias":5}})",
                       "^alias must be a string$");
  expect_refused_first(R"({"type":"register","payload":{"public_key":"a","meta":[]}})",
                       "^meta must be an? object$");
}

TEST_F(RegistrationTest, ADuplicateFieldOfRegisterIsRefused) {
  expect_refused_first(R"({"type":"register","payload":{"public_key":"a","public_key":"a"}})",
                       "^duplicate field$");
}

TEST_F(RegistrationTest, AnUnpairedSurrogateInARegisteredStringIsRefused) {
  expect_refused_first(R"({"type":"register","payload":{"public_key":"\ud800"}})", "");
  expect_refused_first(R"({"type":"register","payload":{"public_key":"a","alias":"\udc00"}})", "");
}

TEST_F(RegistrationTest, TheConnectionOfASilentClientIsClosed) {
  start({"ping_interval=200ms", "pong_wait=300ms"});
  TestPeer silent = connect();
  silent.ws().expect_close(1008);
}

TEST_F(RegistrationTest, PongsDoNotReplaceTheRegisterMessage) {
  start({"ping_interval=100ms", "pong_wait=400ms"});
  TestPeer silent = connect();
  Frame frame = silent.ws().read_frame();
  while (frame.opcode == kPing) {
    silent.ws().send_frame({.opcode = kPong, .payload = frame.payload});
    frame = silent.ws().read_frame();
  }
  EXPECT_EQ(frame.opcode, kClose);
  EXPECT_EQ(frame.payload.substr(0, 2), close_payload(1008));
}

TEST_F(RegistrationTest, AHalfSentRegisterTimesOut) {
  start({"ping_interval=200ms", "pong_wait=300ms"});
  TestPeer slow = connect();
  slow.ws().send_raw(
      encode({.payload = message("register", R"({"public_key":"a"})")}).substr(0, 9));
  slow.ws().expect_close(1008);
}

TEST_F(RegistrationTest, RegisterIsAnsweredWithFingerprintAndAlias) {
  TestPeer alice = connect();
  const Json reply =
      alice.register_as("the key", R"("alias":"player-one","meta":{"name":"Alice"})");
  EXPECT_EQ(reply["payload"],
            json(R"({"fingerprint":"%","alias":"player-one"})", fingerprint_of("the key")));
  EXPECT_EQ(reply["from"].str(), fingerprint_of("the key"));
}

TEST_F(RegistrationTest, TheFingerprintIsOfTheDecodedBytesOfTheKey) {
  TestPeer alice = connect();
  alice.register_as(R"(\u00e4\n\ud83d\ude00)");
  EXPECT_EQ(alice.fingerprint(), fingerprint_of("\xc3\xa4\n\xf0\x9f\x98\x80"));
}

TEST_F(RegistrationTest, FramesBehindRegisterWaitInOrder) {
  TestPeer alice = connect();
  alice.ws().send_raw(encode({.payload = message("register", R"({"public_key":"alice"})")}) +
                      encode({.payload = message("join", R"({"namespace":"lobby"})")}) +
                      encode({.payload = message("ping")}));
  alice.next("registered");
  alice.next("peer_list");
  alice.next("pong");
}

TEST_F(RegistrationTest, RegisteringAgainOnTheSameConnectionIsRefused) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.expect_refused(message("register", R"({"public_key":"other"})"), 400, "already registered");
  alice.send("broadcast", R"({"namespace":"lobby","data":1})");
  alice.expect_silence();
  EXPECT_EQ(http_json("/health")["peers"].number(), 1);
}

TEST_F(RegistrationTest, BoundsOfRegisterAreInclusive) {
  TestPeer alice = connect();
  alice.register_as(std::string(8192, 'k'), fmt(R"("alias":"%")", std::string(256, 'a')));
  EXPECT_EQ(alice.alias(), std::string(256, 'a'));
  expect_refused_first(message("register", fmt(R"({"public_key":"%"})", std::string(8193, 'k'))),
                       "public_key");
  expect_refused_first(
      message("register", fmt(R"({"public_key":"k","alias":"%"})", std::string(257, 'a'))),
      "alias");
  expect_refused_first(
      message("register", fmt(R"({"public_key":"k","meta":{"x":"%"}})", std::string(8192, 'm'))),
      "^meta too large$");
}

// --- alias

TEST_F(RegistrationTest, AnAutomaticAliasIsAdjectiveAnimalNumber) {
  for (int i = 0; i < 20; ++i) {
    TestPeer someone = connect();
    someone.register_as(fmt("key %", i));
    EXPECT_THAT(someone.alias(), MatchesRegex("[a-z]+-[a-z]+-[0-9][0-9]"));
  }
}

TEST_F(RegistrationTest, AnAutomaticAliasIsTheSameOnEveryServer) {
  std::string first;
  {
    TestPeer alice = connect();
    alice.register_as("alice", R"("alias":null)");
    first = alice.alias();
  }
  start({});
  TestPeer alice = connect();
  alice.register_as("alice");
  EXPECT_EQ(alice.alias(), first);
}

TEST_F(RegistrationTest, AFingerprintIsNoAlias) {
  for (const char* alias : {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                            "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"}) {
    expect_refused_first(message("register", fmt(R"({"public_key":"a","alias":"%"})", alias)),
                         "^invalid alias$");
  }
}

TEST_F(RegistrationTest, SixtyThreeHexDigitsAreAnAlias) {
  TestPeer alice = connect();
  alice.register_as("alice", fmt(R"("alias":"%")", std::string(63, 'a')));
  EXPECT_EQ(alice.alias(), std::string(63, 'a'));
}

class TakenAliasTest : public RegistrationTest {
 protected:
  void SetUp() override {
    holder.emplace(port());
    late.emplace(port());
    sender.emplace(port());
    holder->register_as("holder", R"("alias":"star")");
    late_reply = late->register_as("late", R"("alias":"star")");
    sender->register_as("sender");
    sender->join("lobby");
    holder->join("lobby");
    late->join("lobby");
    sender->next("peer_joined");
    sender->next("peer_joined");
    holder->next("peer_joined");
  }
  void TearDown() override {
    holder.reset();
    late.reset();
    sender.reset();
    RegistrationTest::TearDown();
  }

  std::optional<TestPeer> holder, late, sender;
  Json late_reply;
};

TEST_F(TakenAliasTest, APeerWhoseAliasIsTakenIsRegisteredAllTheSame) {
  EXPECT_EQ(late_reply["payload"]["fingerprint"].str(), fingerprint_of("late"));
  EXPECT_EQ(late_reply["payload"]["alias_taken"], "true"_json);
}

TEST_F(TakenAliasTest, TheOthersSeeWhoseAliasIsTaken) {
  const auto expect_taken = [this](const Json& peers) {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < peers.size(); ++i) {
      if (!peers[i]["alias_taken"].exists()) continue;
      EXPECT_EQ(peers[i]["alias_taken"], "true"_json);
      EXPECT_EQ(peers[i]["fingerprint"].str(), late->fingerprint());
      ++taken;
    }
    EXPECT_EQ(taken, 1U);
  };
  sender->send("discover", R"({"namespace":"lobby"})");
  expect_taken(sender->next("peer_list")["payload"]["peers"]);
  late->send("metadata", R"({"meta":{"x":1}})", R"("id":1)");
  late->next("ack");
  expect_taken(sender->join("lobby")["payload"]["peers"]);
  holder->join("attic");
  late->join("attic");
  EXPECT_EQ(holder->next("peer_joined")["payload"]["alias_taken"], "true"_json);
  holder->send("match", R"({"namespace":"lobby"})");
  holder->next("match");
  late->send("match", R"({"namespace":"lobby"})");
  expect_taken(holder->next("matched")["payload"]["peers"]);
  holder->create_room("den");
  late->send("join_room", R"({"room_id":"den"})");
  expect_taken(late->next("matched")["payload"]["peers"]);
  expect_taken(late->next("peer_list")["payload"]["peers"]);
}

TEST_F(TakenAliasTest, ATakenAliasRoutesToItsHolder) {
  sender->send_to("star", "1");
  EXPECT_EQ(holder->next("signal")["to"].str(), holder->fingerprint());
  late->expect_silence();
}

TEST_F(TakenAliasTest, AnAliasIsNotInherited) {
  holder->close();
  sender->next("peer_left");
  sender->expect_refused(message("signal", "1", R"("to":"star")"), 404, "peer not found");
}

TEST_F(TakenAliasTest, OnlyTheHoldersEndFreesAnAlias) {
  late->close();
  sender->next("peer_left");
  sender->send_to("star", "1");
  holder->next("peer_left");
  holder->next("signal");
}

TEST_F(TakenAliasTest, AFreedAliasGoesToTheNextThatAsks) {
  holder->close();
  sender->next("peer_left");
  TestPeer third = connect();
  const Json reply = third.register_as("third", R"("alias":"star")");
  EXPECT_FALSE(reply["payload"]["alias_taken"].exists());
  third.join("lobby");
  sender->next("peer_joined");
  sender->send_to("star", "1");
  third.next("signal");
}

// --- server full

TEST_F(RegistrationTest, AFullServerRefusesWith503And1013) {
  start({"max_peers=1"});
  TestPeer alice = peer("alice");
  TestPeer bob = connect();
  bob.expect_refused(message("register", R"({"public_key":"bob"})"), 503, "server full");
  bob.ws().expect_close(1013);
  alice.expect_silence();
}

TEST_F(RegistrationTest, AFullServerTakesTheNextWhenOneHasLeft) {
  start({"max_peers=1"});
  peer("alice").close();
  wait_for_peers(0);
  peer("bob").round_trip();
}

TEST_F(RegistrationTest, AReplacementIsAdmittedToAFullServer) {
  start({"max_peers=1"});
  TestPeer old = peer("alice");
  TestPeer fresh = peer("alice");
  old.ws().expect_close(4001);
  fresh.round_trip();
}

// --- replacement

TEST_F(RegistrationTest, AReplacedConnectionGets4001) {
  TestPeer old = peer("alice");
  TestPeer fresh = peer("alice");
  EXPECT_EQ(fresh.fingerprint(), old.fingerprint());
  old.ws().expect_close(4001, "replaced by a newer connection");
  old.ws().stream().expect_end();
}

TEST_F(RegistrationTest, AReplacementKeepsItsAlias) {
  TestPeer old = peer("alice");
  TestPeer fresh = connect();
  const Json reply = fresh.register_as("alice", R"("alias":"alice")");
  EXPECT_FALSE(reply["payload"]["alias_taken"].exists());
}

TEST_F(RegistrationTest, AReplacementWithAnotherAliasFreesTheOldOne) {
  TestPeer old = peer("alice");
  TestPeer fresh = connect();
  fresh.register_as("alice", R"("alias":"other")");
  TestPeer bob = connect();
  EXPECT_FALSE(bob.register_as("bob", R"("alias":"alice")")["payload"]["alias_taken"].exists());
}

TEST_F(RegistrationTest, TheOthersSeeAReplacedPeerLeaveAndTheNewOneStartsClean) {
  TestPeer bob = peer_in("lobby", "bob");
  TestPeer old = peer_in("lobby", "alice");
  bob.next("peer_joined");
  TestPeer fresh = peer("alice");
  EXPECT_EQ(bob.next("peer_left")["from"].str(), old.fingerprint());
  fresh.expect_refused(message("broadcast", R"({"namespace":"lobby","data":1})"), 403,
                       "not in namespace");
  fresh.join("lobby");
  EXPECT_EQ(bob.next("peer_joined")["from"].str(), old.fingerprint());
}

TEST_F(RegistrationTest, TheTicketsOfAReplacedConnectionEnd) {
  TestPeer old = peer_in("lobby", "alice");
  old.send("match", R"({"namespace":"lobby"})");
  old.next("match");
  TestPeer fresh = peer("alice");
  TestPeer bob = peer_in("lobby", "bob");
  bob.send("match", R"({"namespace":"lobby"})");
  EXPECT_EQ(bob.next("match")["payload"]["status"].str(), "waiting");
}

TEST_F(RegistrationTest, TheMetaOfAReplacedConnectionIsGone) {
  TestPeer old = connect();
  old.register_as("alice", R"("meta":{"a":1})");
  TestPeer fresh = peer("alice");
  EXPECT_EQ(fresh.join("lobby")["payload"]["peers"][0]["meta"]["a"], Json());
}

TEST_F(RegistrationTest, AReplacementStaysRegisteredWhenTheOldSocketEnds) {
  TestPeer bob = peer_in("lobby", "bob");
  {
    TestPeer old = peer("alice");
    TestPeer fresh = peer_in("lobby", "alice");
    bob.next("peer_joined");
    old.ws().expect_close(4001);
    old.ws().stream().expect_end();
    old.ws().stream().reset();
    bob.send_to("alice", "1");
    fresh.next("signal");
    EXPECT_EQ(http_json("/health")["peers"].number(), 2);
    bob.expect_silence();
  }
  bob.next("peer_left");
}

TEST_F(RegistrationTest, MoreThan20ReplacementsIn10SecondsTurnTheNewcomerAway) {
  std::vector<TestPeer> connections;
  for (int i = 0; i < 21; ++i) connections.push_back(peer("alice"));
  TestPeer newcomer = connect();
  newcomer.send("register", R"({"public_key":"alice"})");
  newcomer.ws().expect_close(1013);
  connections.back().round_trip();
}

}  // namespace
}  // namespace peer::test
