// A broker that takes its time, on one loop and on several.
#include "tests/integration/plugins/gate_test.h"

namespace peer::test {
namespace {

class BrokerSlowTest : public PluginServerTest, public testing::WithParamInterface<int> {
 protected:
  void start_slow(int delay_ms) {
    start_plugin("broker", "broker_slow", fmt("delay_ms: %", delay_ms),
                 {fmt("loops=%", GetParam())});
  }
  /// All that a peer may do that takes the broker, and what needs it not, in one write.
  static std::string busy_life(std::string_view name) {
    const std::string to = fmt(R"("to":"%")", fingerprint_of(name));
    return pipelined({register_message(name), join_message("lobby"),
                      message("discover", R"({"namespace":"lobby"})"), message("signal", "7", to),
                      message("leave", R"({"namespace":"lobby"})", R"("id":1)"), message("ping")});
  }
  /// The answers to busy_life(), in its order; what others do in between is skipped.
  static void expect_busy_life(TestPeer& peer) {
    for (const std::string type :
         {"registered", "peer_list", "peer_list", "signal", "ack", "pong"}) {
      Json reply = peer.next();
      while (reply["type"].str() == "peer_joined" || reply["type"].str() == "peer_left") {
        reply = peer.next();
      }
      ASSERT_EQ(reply["type"].str(), type) << peer.last_text();
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Loops, BrokerSlowTest, testing::Values(1, 4));

TEST_P(BrokerSlowTest, PipelinedMessagesAreAnsweredInTheirOrder) {
  start_slow(50);
  TestPeer alice = connect();
  alice.ws().send_raw(busy_life("alice"));
  alice.next("registered");
  EXPECT_EQ(alice.next("peer_list")["payload"]["total"].number(), 1);
  EXPECT_EQ(alice.next("peer_list")["payload"]["total"].number(), 1);
  EXPECT_EQ(alice.next("signal")["payload"].number(), 7);
  alice.next("ack");
  alice.next("pong");
  alice.expect_silence();
}

TEST_P(BrokerSlowTest, ManyPeersAtOnceAreAnsweredInTheirOrder) {
  start_slow(10);
  std::vector<TestPeer> peers;
  for (int i = 0; i < 30; ++i) peers.push_back(connect());
  for (int i = 0; i < 30; ++i) {
    peers[static_cast<std::size_t>(i)].ws().send_raw(busy_life(fmt("peer-%", i)));
  }
  for (TestPeer& peer : peers) ASSERT_NO_FATAL_FAILURE(expect_busy_life(peer));
  EXPECT_FALSE(http_json("/stats")["namespaces"]["lobby"].exists());
}

TEST_P(BrokerSlowTest, OfManyConnectionsOfOneIdentityOneStays) {
  start_slow(10);
  std::vector<TestPeer> connections;
  for (int i = 0; i < 8; ++i) connections.push_back(connect());
  for (TestPeer& connection : connections) connection.send(register_message("alice"));
  // Each is registered, or replaced before that; then none is under way any more.
  std::vector<TestPeer*> registered;
  for (TestPeer& connection : connections) {
    const Frame frame = connection.ws().read_frame();
    if (frame.opcode == kText) {
      registered.push_back(&connection);
    } else {
      EXPECT_EQ(frame.payload.substr(0, 2), close_payload(4001));
    }
  }
  wait_for_peers(1);
  int alive = 0;
  for (TestPeer* connection : registered) {
    connection->ws().send_frame({.opcode = kPing, .payload = "?"});
    const Frame frame = connection->ws().read_frame();
    if (frame.opcode == kPong) {
      ++alive;
    } else {
      EXPECT_EQ(frame.payload.substr(0, 2), close_payload(4001));
    }
  }
  EXPECT_EQ(alive, 1);
}

TEST_P(BrokerSlowTest, AnswersThatComeDuringShutdownDoNoHarm) {
  start_slow(20);
  std::vector<TestPeer> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(connect());
  for (int i = 0; i < 20; ++i) {
    peers[static_cast<std::size_t>(i)].ws().send_raw(busy_life(fmt("peer-%", i)));
  }
  peers.front().next("registered");
  server().signal(SIGTERM);
  for (TestPeer& peer : peers) peer.ws().expect_close(1001);
  expect_exit(0);
}

TEST_P(BrokerSlowTest, ItIsNamedInTheStats) {
  start_slow(1);
  EXPECT_EQ(http_json("/stats")["plugins"]["broker"], R"({"name":"slow","version":"1.0.0"})"_json);
}

}  // namespace
}  // namespace peer::test
