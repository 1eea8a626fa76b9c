// A Redis without memory left: the cluster stays whole, and nothing new is taken in silently.
#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

class FullRedisTest : public PairTest {
 protected:
  void fill() { redis().command({"CONFIG", "SET", "maxmemory", "1"}); }
  void enlarge() { redis().command({"CONFIG", "SET", "maxmemory", "0"}); }
  void expect_beats() {
    RedisClient client = redis().client();
    const auto beats = [&] {
      return std::stoi(client.command({"HGET", "peer:{0}:born", "b"}).at(0));
    };
    const int enough = beats() + 10;
    const Deadline deadline;
    while (beats() < enough) ASSERT_FALSE(deadline.passed());
  }
  void expect_signals() {
    alice().send_to(bob().fingerprint(), "1");
    EXPECT_EQ(bob().next("signal")["payload"].number(), 1);
    bob().send_to("alice", "2");
    EXPECT_EQ(alice().next("signal")["payload"].number(), 2);
  }
};

TEST_F(FullRedisTest, MessagesBroadcastsAndLeavingGoOn) {
  start_pair();
  fill();
  expect_beats();
  expect_signals();
  alice().send("broadcast", R"({"namespace":"game","data":3})");
  EXPECT_EQ(bob().next("broadcast")["payload"]["data"].number(), 3);
  alice().send("metadata", R"({"meta":{"level":4}})");
  alice().round_trip();
  bob().send("leave", R"({"namespace":"game"})");
  expect_news(alice(), "peer_left", bob());
  for (ServerProcess* node : {&first(), &second()}) {
    EXPECT_EQ(broker_stats(*node)["state"].str(), "connected");
    EXPECT_EQ(node->output().find("out of reach"), std::string::npos) << node->output();
  }
  expect_silence_of({&alice(), &bob()});
  expect_whole({{"game", {&alice()}}, {"", {&bob()}}});
}

// What parked members miss is counted. A node keeps them soon, so their mark is set by hand: before
// the other nodes, who are told behind it.
TEST_F(FullRedisTest, ABroadcastThatParkedMembersMissArrives) {
  start_pair();
  RedisClient client = redis().client();
  const std::string key = "peer:{0}:sn:game";
  const std::vector<std::string> nodes = client.command({"HGETALL", key});
  client.command({"DEL", key});
  client.command({"HSET", key, "parked", "1"});
  for (std::size_t i = 0; i < nodes.size(); i += 2) {
    client.command({"HSET", key, nodes[i], nodes[i + 1]});
  }
  fill();
  alice().send("broadcast", R"({"namespace":"game","data":3})");
  EXPECT_EQ(bob().next("broadcast")["payload"]["data"].number(), 3);
  client.command({"HDEL", key, "parked"});
  enlarge();
}

TEST_F(FullRedisTest, TicketsMatchAndOwnersKick) {
  start_pair();
  alice().create_room("den");
  bob().join("den");
  expect_news(alice(), "peer_joined", bob());
  fill();
  alice().send("match", R"({"namespace":"game"})");
  alice().next("match");
  bob().send("match", R"({"namespace":"game"})");
  EXPECT_EQ(alice().next("matched")["payload"], bob().next("matched")["payload"]);
  alice().send("kick", fmt(R"({"room_id":"den","fingerprint":"%"})", bob().fingerprint()));
  bob().next("kick");
  expect_whole({{"game", {&alice(), &bob()}}, {"den", {&alice()}}});
}

TEST_F(FullRedisTest, WhatIsNewIsRefusedUntilThereIsRoom) {
  start_pair();
  TestPeer dave = peer(first(), "dave");
  fill();
  TestPeer carol(first().port());
  carol.send("register", R"({"public_key":"carol"})", R"("id":1)");
  carol.expect_error(503, "cluster full");
  carol.ws().expect_close(1013);
  dave.send("join", R"({"namespace":"game"})");
  dave.expect_error(503, "cluster full");
  dave.send("create_room", R"({"room_id":"den"})");
  dave.expect_error(503, "cluster full");
  wait_for_output(first(), "is full: new peers and members are refused");
  expect_silence_of({&alice(), &bob(), &dave});
  expect_whole({{"game", {&alice(), &bob()}}, {"", {&dave}}});
  enlarge();
  dave.join("game");
  expect_news(bob(), "peer_joined", dave);
  dave.create_room("den");
  expect_whole({{"game", {&alice(), &bob(), &dave}}, {"den", {&dave}}});
}

TEST_F(FullRedisTest, WhoIsThereStaysThroughALostConnection) {
  start_pair();
  fill();
  redis().command({"CLIENT", "KILL", "TYPE", "normal"});
  wait_for_output(first(), "Redis is back");
  wait_for_output(second(), "Redis is back");
  expect_signals();
  expect_silence_of({&alice(), &bob()});
  expect_whole({{"game", {&alice(), &bob()}}});
}

// It takes the place of its older registration.
TEST_F(FullRedisTest, WhoMovesToAnotherNodeIsTakenIn) {
  start_pair();
  TestPeer old = peer(first(), "carol");
  fill();
  TestPeer fresh = peer(second(), "carol");
  old.ws().expect_close(4001);
  expect_whole({{"game", {&alice(), &bob()}}, {"", {&fresh}}});
}

}  // namespace
}  // namespace peer::test
