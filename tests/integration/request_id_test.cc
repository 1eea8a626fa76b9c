// Request ids and acknowledgements: docs/protocol.md, "C.1 Request ids".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class RequestIdTest : public ServerTest {
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
  /// Alice sends with an id; the reply must be of this type and carry it.
  Json ask(std::string_view type, std::string_view payload, std::string_view reply_type,
           std::string_view more = {}) {
    SCOPED_TRACE(std::string(type));
    alice->send(type, payload, fmt(R"("id":"r1"%%)", more.empty() ? "" : ",", more));
    Json reply = alice->next(reply_type);
    EXPECT_EQ(reply["id"].str(), "r1") << alice->last_text();
    return reply;
  }

  std::optional<TestPeer> alice, bob;
};

TEST_F(RequestIdTest, EveryDirectReplyEchoesTheId) {
  ask("join", R"({"namespace":"lobby"})", "peer_list");
  ask("discover", R"({"namespace":"lobby"})", "peer_list");
  ask("match", R"({"namespace":"lobby"})", "match");
  ask("create_room", R"({"room_id":"den"})", "room_created");
  ask("join_room", R"({"room_id":"den"})", "peer_list");
  ask("room_info", R"({"room_id":"den"})", "room_info");
  ask("ping", "", "pong");
}

TEST_F(RequestIdTest, RegisteredEchoesTheId) {
  TestPeer carol = connect();
  carol.send("register", R"({"public_key":"carol"})", R"("id":7)");
  EXPECT_EQ(carol.next("registered")["id"], "7"_json);
}

TEST_F(RequestIdTest, MessagesWithoutAReplyAreAcknowledged) {
  EXPECT_EQ(ask("signal", "1", "ack", R"("to":"bob")")["payload"],
            R"({"delivered":1,"dropped":0})"_json);
  EXPECT_EQ(ask("relay", "1", "ack", R"("to":"bob")")["payload"],
            R"({"delivered":1,"dropped":0})"_json);
  EXPECT_EQ(ask("broadcast", R"({"namespace":"lobby","data":1})", "ack")["payload"],
            R"({"delivered":1,"dropped":0})"_json);
  ask("metadata", R"({"meta":{"a":1}})", "ack");
  ask("leave", R"({"namespace":"lobby"})", "ack");
}

TEST_F(RequestIdTest, AKickIsAcknowledged) {
  alice->create_room("den");
  TestPeer carol = peer("carol");
  carol.join("den");
  alice->next("peer_joined");
  alice->send("kick", R"({"room_id":"den","fingerprint":"carol"})", R"("id":"r2")");
  Json first = alice->next();
  Json second = alice->next();
  if (first["type"].str() == "peer_left") std::swap(first, second);
  EXPECT_EQ(first["type"].str(), "ack");
  EXPECT_EQ(first["id"].str(), "r2");
}

TEST_F(RequestIdTest, ABroadcastIsDeliveredToAllThatAreNotExcluded) {
  TestPeer carol = peer_in("lobby", "carol");
  TestPeer dave = peer_in("lobby", "dave");
  alice->next("peer_joined");
  alice->next("peer_joined");
  const Json reply =
      ask("broadcast", R"({"namespace":"lobby","data":1,"exclude":["dave"]})", "ack");
  EXPECT_EQ(reply["payload"], R"({"delivered":2,"dropped":0})"_json);
}

TEST_F(RequestIdTest, ABroadcastToNobodyIsDeliveredToNone) {
  alice->join("alone");
  EXPECT_EQ(ask("broadcast", R"({"namespace":"alone","data":1})", "ack")["payload"],
            R"({"delivered":0,"dropped":0})"_json);
}

TEST_F(RequestIdTest, WithoutAnIdThereIsNoAckAndNoId) {
  alice->send_to("bob", "1");
  alice->send("broadcast", R"({"namespace":"lobby","data":1})");
  alice->send("metadata", R"({"meta":{}})");
  alice->send("leave", R"({"namespace":"lobby"})");
  alice->expect_silence();
  EXPECT_FALSE(alice->join("lobby")["id"].exists());
}

TEST_F(RequestIdTest, ANullIdIsNone) {
  alice->send("signal", "1", R"("to":"bob","id":null)");
  alice->expect_silence();
}

TEST_F(RequestIdTest, ErrorsEchoTheId) {
  ask("nonsense", "", "error");
  ask("join", "{}", "error");
  ask("signal", "1", "error", R"("to":"nobody")");
  ask("leave", R"({"namespace":"x"})", "error");
  ask("create_room", R"({"room_id":"lobby"})", "error");
  ask("register", R"({"public_key":"x"})", "error");
}

TEST_F(RequestIdTest, TheIdIsEchoedByteForByte) {
  for (const char* id : {R"("")", R"("a\u0041\/b")", R"("\ud83d\ude00")", "0", "-5",
                         "9007199254740993", "9223372036854775807", "\"\xc3\xa4\""}) {
    alice->send("ping", "", fmt(R"("id":%)", id));
    EXPECT_THAT(alice->next_text(), HasSubstr(fmt(R"("id":%)", id)));
  }
}

TEST_F(RequestIdTest, AnIdIsAShortStringOrAnInteger) {
  const std::string longest(64, 'x');
  alice->send("ping", "", fmt(R"("id":"%")", longest));
  EXPECT_EQ(alice->next("pong")["id"].str(), longest);
  for (const auto& id : {fmt(R"("%x")", longest), std::string("2.5"), std::string("true"),
                         std::string("{}"), std::string("[1]")}) {
    alice->send("ping", "", fmt(R"("id":%)", id));
    alice->expect_error_like(400, "");
  }
}

TEST_F(RequestIdTest, ADuplicateIdIsRefused) {
  alice->expect_refused(R"({"type":"ping","id":1,"id":1})", 400, "duplicate field");
}

TEST_F(RequestIdTest, TheOthersNeverSeeAnId) {
  ask("signal", "1", "ack", R"("to":"bob")");
  EXPECT_FALSE(bob->next("signal")["id"].exists());
  ask("broadcast", R"({"namespace":"lobby","data":1})", "ack");
  EXPECT_FALSE(bob->next("broadcast")["id"].exists());
  ask("leave", R"({"namespace":"lobby"})", "ack");
  EXPECT_FALSE(bob->next("peer_left")["id"].exists());
  ask("join", R"({"namespace":"lobby"})", "peer_list");
  EXPECT_FALSE(bob->next("peer_joined")["id"].exists());
}

TEST_F(RequestIdTest, MatchedEchoesTheIdOnlyToThePeerThatCompletedTheGroup) {
  bob->send("match", R"({"namespace":"lobby"})", R"("id":"first")");
  bob->next("match");
  ask("match", R"({"namespace":"lobby"})", "matched");
  EXPECT_FALSE(bob->next("matched")["id"].exists());
}

TEST_F(RequestIdTest, DroppedMessagesAreCounted) {
  alice.reset();
  bob.reset();
  start({"send_buffer_size=1", "rate_limit_burst=100000", "rate_limit_per_sec=100000"});
  alice.emplace(peer_in("lobby", "alice"));
  TestPeer stalled(Dial{.port = port(), .receive_buffer = 4096});
  stalled.register_as("stalled", R"("alias":"stalled")");
  stalled.join("lobby");
  alice->next("peer_joined");
  const std::string payload = "\"" + std::string(60'000, 'x') + "\"";
  const Deadline deadline;
  Json reply = ask("signal", payload, "ack", R"("to":"stalled")");
  while (reply["payload"] == R"({"delivered":1,"dropped":0})"_json) {
    ASSERT_FALSE(deadline.passed());
    reply = ask("signal", payload, "ack", R"("to":"stalled")");
  }
  EXPECT_EQ(reply["payload"], R"({"delivered":0,"dropped":1})"_json);
}

}  // namespace
}  // namespace peer::test
