// Rate limit, floods and what the server holds for one peer: docs/protocol.md, "Rate limits",
// "Bounds".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

class LimitsTest : public ServerTest {
 protected:
  /// Sends `count` copies of a message in one write, so that no token comes back meanwhile.
  static void send_many(TestPeer& peer, int count, std::string_view text = R"({"type":"ping"})") {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += encode({.payload = std::string(text)});
    peer.ws().send_raw(bytes);
  }
  /// Reads `count` replies and returns how many of them are of this type.
  static int count_of(TestPeer& peer, int count, std::string_view type) {
    int found = 0;
    for (int i = 0; i < count; ++i) found += peer.next()["type"].str() == type ? 1 : 0;
    return found;
  }
};

TEST_F(LimitsTest, RegisterCostsNoTokenAndEachMessageOne) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=3"});
  TestPeer alice = peer("alice");
  send_many(alice, 4);
  EXPECT_EQ(count_of(alice, 3, "pong"), 3);
  alice.expect_error(429, "rate limited");
}

TEST_F(LimitsTest, InvalidMessagesCostATokenToo) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=2"});
  TestPeer alice = peer("alice");
  send_many(alice, 3, "not json");
  alice.expect_error(400, "invalid message");
  alice.expect_error(400, "invalid message");
  alice.expect_error(429, "rate limited");
}

TEST_F(LimitsTest, ALimitedMessageIsNotProcessed) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=1"});
  TestPeer alice = peer("alice");
  alice.ws().send_raw(encode({.payload = message("ping")}) +
                      encode({.payload = message("join", R"({"namespace":"lobby"})")}));
  alice.next("pong");
  alice.expect_error(429, "rate limited");
  EXPECT_EQ(http_json("/stats")["namespaces"], "{}"_json);
}

TEST_F(LimitsTest, TheLogTellsOnceForAConnectionWhichLimitAPeerHasMet) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=3"});
  TestPeer alice = peer("alice");
  send_many(alice, 10);
  EXPECT_EQ(count_of(alice, 10, "error"), 7);
  TestPeer bob = peer("bob");
  send_many(bob, 5);
  EXPECT_EQ(count_of(bob, 5, "error"), 2);
  const std::string line =
      "Notice: a peer's messages are answered 429 \"rate limited\" (rate_limit_per_sec: 1, "
      "rate_limit_burst: 3) peer=";
  server().wait_for_output(line + bob.fingerprint());
  const std::string output = server().output();
  const std::size_t first = output.find(line + alice.fingerprint() + " address=127.0.0.1");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(output.find(line + alice.fingerprint(), first + 1), std::string::npos);
}

TEST_F(LimitsTest, TheLogTellsOfTheFanOutLimit) {
  start({"fanout_limit_per_sec=1"});
  TestPeer alice = peer_in("lobby", "alice");
  for (int i = 0; i < 3; ++i) alice.send_to(alice.fingerprint(), "1");
  alice.next("signal");
  alice.expect_error(429, "rate limited");
  alice.expect_error(429, "rate limited");
  server().wait_for_output("rate limited\" (fanout_limit_per_sec: 1) peer=" + alice.fingerprint());
}

TEST_F(LimitsTest, TokensComeBackAndTheConnectionStays) {
  start({"rate_limit_per_sec=20", "rate_limit_burst=1"});
  TestPeer alice = peer("alice");
  send_many(alice, 10);
  EXPECT_LT(count_of(alice, 10, "pong"), 10);
  const Deadline deadline;
  do {
    ASSERT_FALSE(deadline.passed());
    alice.send(message("ping"));
  } while (alice.next()["type"].str() != "pong");
}

TEST_F(LimitsTest, EachPeerHasItsOwnBucket) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=2"});
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  send_many(alice, 5);
  EXPECT_GT(count_of(alice, 5, "error"), 0);
  bob.round_trip();
}

TEST_F(LimitsTest, ABucketSurvivesAReplacement) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=60"});
  TestPeer old = peer("alice");
  send_many(old, 60);
  count_of(old, 60, "pong");
  TestPeer fresh = peer("alice");
  send_many(fresh, 60);
  EXPECT_LT(count_of(fresh, 60, "pong"), 40);
}

TEST_F(LimitsTest, ABucketEndsWithADisconnect) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=60"});
  {
    TestPeer alice = peer("alice");
    send_many(alice, 60);
    count_of(alice, 60, "pong");
    alice.close();
    wait_for_peers(0);
  }
  TestPeer alice = peer("alice");
  send_many(alice, 60);
  EXPECT_EQ(count_of(alice, 60, "pong"), 60);
}

TEST_F(LimitsTest, AFloodOfLimitedMessagesCloses4008) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=1", "rate_limit_flood=20"});
  TestPeer alice = peer("alice");
  send_many(alice, 60);
  alice.ws().expect_close(4008);
}

TEST_F(LimitsTest, FewerLimitedMessagesThanAFloodCloseNothing) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=1", "rate_limit_flood=20"});
  TestPeer alice = peer("alice");
  send_many(alice, 19);
  EXPECT_GT(count_of(alice, 19, "error"), 10);
  alice.send(message("ping"));
  EXPECT_TRUE(alice.next().exists());
}

TEST_F(LimitsTest, AFloodLimitOfZeroNeverCloses) {
  start({"rate_limit_per_sec=1", "rate_limit_burst=1", "rate_limit_flood=0",
         "send_buffer_size=100000"});
  TestPeer alice = peer("alice");
  send_many(alice, 11'000);
  EXPECT_GT(count_of(alice, 11'000, "error"), 10'000);
}

TEST_F(LimitsTest, MoreThan100ControlFramesASecondClose4008) {
  for (const std::uint8_t opcode : {kPing, kPong}) {
    TestPeer alice = peer("alice");
    std::string bytes;
    for (int i = 0; i < 300; ++i) bytes += encode({.opcode = opcode, .payload = "x"});
    alice.ws().send_raw(bytes);
    alice.ws().expect_close(4008);
  }
}

TEST_F(LimitsTest, AHundredControlFramesAreNoFlood) {
  TestPeer alice = peer("alice");
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += encode({.opcode = kPong, .payload = "x"});
  alice.ws().send_raw(bytes);
  alice.round_trip();
}

TEST_F(LimitsTest, CopiesBeyondTheFanoutLimitAreRefused) {
  start({"fanout_limit_per_sec=4", "rate_limit_burst=1000"});
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  TestPeer carol = peer_in("lobby", "carol");
  alice.next("peer_joined");
  alice.next("peer_joined");
  send_many(alice, 20, message("broadcast", R"({"namespace":"lobby","data":1})", R"("id":1)"));
  alice.next("ack");
  int refused = 0;
  for (int i = 1; i < 20; ++i) {
    const Json reply = alice.next();
    refused += reply["payload"]["code"] == "429"_json ? 1 : 0;
  }
  EXPECT_GT(refused, 10);
}

TEST_F(LimitsTest, StateOfOnePeerIsBound) {
  start({"max_peer_state=65536", "rate_limit_burst=1000"});
  TestPeer alice = peer("alice");
  const auto join = [&](int i) {
    alice.send("join", fmt(R"({"namespace":"%%"})", std::string(4000, 'n'), i));
    return alice.next();
  };
  int joined = 0;
  Json reply = join(joined);
  while (reply["type"].str() == "peer_list" && joined < 100) reply = join(++joined);
  EXPECT_EQ(reply["payload"], R"({"code":429,"message":"too much state"})"_json);
  EXPECT_GT(joined, 4);
  EXPECT_LT(joined, 17);
  alice.send("leave", fmt(R"({"namespace":"%0"})", std::string(4000, 'n')));
  EXPECT_EQ(join(joined)["type"].str(), "peer_list");
}

TEST_F(LimitsTest, NamespacesOfOnePeerCanBeBound) {
  start({"max_namespaces_per_peer=2"});
  TestPeer alice = peer_in("one", "alice");
  alice.join("two");
  alice.send("join", R"({"namespace":"three"})");
  alice.expect_error_like(429, "");
  alice.join("two");
  alice.send("leave", R"({"namespace":"one"})");
  alice.join("three");
}

TEST_F(LimitsTest, BoundsAreConfigurable) {
  start({"max_name_length=10", "max_alias_length=10", "max_app_type_length=10",
         "max_public_key_length=10", "max_meta_size=30", "max_join_meta_size=30",
         "max_criteria_size=30", "max_exclude=1"});
  TestPeer alice = connect();
  alice.register_as("0123456789", R"("alias":"0123456789")");
  alice.join("0123456789", R"("app_type":"0123456789")");
  alice.expect_refused(message("join", R"({"namespace":"0123456789a"})"), 400,
                       "namespace too long");
  alice.expect_refused(message("create_room", R"({"room_id":"0123456789a"})"), 400,
                       "room_id too long");
  for (const auto& text :
       {message("join", R"({"namespace":"a","app_type":"0123456789a"})"),
        message("join", R"({"namespace":"a","meta":{"a":"0123456789012345678901234"}})"),
        message("metadata", R"({"meta":{"a":"0123456789012345678901234"}})"),
        message("match",
                R"({"namespace":"0123456789","criteria":{"a":"0123456789012345678901234"}})"),
        message("broadcast", R"({"namespace":"0123456789","data":1,"exclude":["a","b"]})")}) {
    SCOPED_TRACE(text);
    alice.send(text);
    alice.expect_error_like(400, "");
  }
}

}  // namespace
}  // namespace peer::test
