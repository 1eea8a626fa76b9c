// A peer that does not read: docs/protocol.md, "Slow consumers".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

constexpr int kSmallReceiveBuffer = 4096;

class SlowConsumerTest : public ServerTest {
 protected:
  void start_fast(std::vector<std::string> settings) {
    settings.insert(settings.end(), {"rate_limit_burst=1000000", "rate_limit_per_sec=1000000"});
    // The address sanitizer must not keep what the server has freed.
    start_with({.settings = std::move(settings),
                .environment = {{"ASAN_OPTIONS", "quarantine_size_mb=1"}}});
  }
  TestPeer stalled_in(std::string_view ns) {
    TestPeer stalled(Dial{.port = port(), .receive_buffer = kSmallReceiveBuffer});
    stalled.register_as("stalled", R"("alias":"stalled")");
    stalled.join(ns);
    return stalled;
  }
  /// Broadcasts `{"n":i,...}` of about `size` bytes.
  static void broadcast(TestPeer& sender, int i, std::size_t size) {
    sender.send("broadcast",
                fmt(R"({"namespace":"lobby","data":{"n":%,"x":"%"}})", i, std::string(size, 'x')));
  }
  static std::int64_t number_of(const Json& broadcast) {
    return broadcast["payload"]["data"]["n"].number();
  }
};

TEST_F(SlowConsumerTest, AStalledPeerDoesNotHinderTheOthers) {
  start_fast({"send_buffer_size=8"});
  TestPeer stalled = stalled_in("lobby");
  TestPeer reader = peer_in("lobby", "reader");
  TestPeer sender = peer_in("lobby", "sender");
  reader.next("peer_joined");
  for (int i = 0; i < 300; ++i) {
    broadcast(sender, i, 30'000);
    ASSERT_EQ(number_of(reader.next("broadcast")), i);
  }
  sender.expect_silence();
}

// max_queued_bytes: broadcasts go first, other messages are still taken, and who reads misses
// nothing.
TEST_F(SlowConsumerTest, TheQueuesOfAllTogetherAreBounded) {
  start_fast({"loops=1", "max_queued_bytes=4194304", "send_buffer_size=100000",
              "send_buffer_bytes=1073741824"});
  std::vector<TestPeer> stalled;
  for (int i = 0; i < 4; ++i) {
    stalled.emplace_back(Dial{.port = port(), .receive_buffer = kSmallReceiveBuffer});
    stalled.back().register_as(fmt("stalled%", i), fmt(R"("alias":"stalled%")", i));
    stalled.back().join("lobby");
  }
  TestPeer reader = peer_in("lobby", "reader");
  TestPeer sender = peer_in("lobby", "sender");
  reader.next("peer_joined");
  std::int64_t dropped = 0;
  int sent = 0;
  for (; dropped == 0 && sent < 2000; ++sent) {
    sender.send(
        "broadcast",
        fmt(R"({"namespace":"lobby","data":{"n":%,"x":"%"}})", sent, std::string(30'000, 'x')),
        R"("id":1)");
    ASSERT_EQ(number_of(reader.next("broadcast")), sent);
    dropped = sender.next("ack")["payload"]["dropped"].number();
  }
  EXPECT_GT(dropped, 0);
  sender.send(message("signal", R"({"x":1})", R"("to":"stalled0","id":2)"));
  EXPECT_EQ(sender.next("ack")["payload"], R"({"delivered":1,"dropped":0})"_json);
  const Json network = http_json("/stats")["network"];
  EXPECT_EQ(network["max_queued_bytes"].number(), 4194304);
  EXPECT_GE(network["queued_bytes"].number(), 4194304 / 4 * 3);
  EXPECT_LT(network["queued_bytes"].number(), 4194304);
  reader.expect_silence();
}

TEST_F(SlowConsumerTest, WhatDoesNotFitIsDroppedAndTheRestStaysInOrder) {
  start_fast({"send_buffer_size=8"});
  TestPeer stalled = stalled_in("lobby");
  TestPeer sender = peer_in("lobby", "sender");
  for (int i = 0; i < 300; ++i) broadcast(sender, i, 30'000);
  sender.round_trip();
  // Behind the pong of a ping of its own, everything that the server kept for it has come.
  stalled.send(message("ping"));
  stalled.next("peer_joined");
  int received = 0;
  std::int64_t last = -1;
  for (Json got = stalled.next(); got["type"].str() != "pong"; got = stalled.next()) {
    EXPECT_GT(number_of(got), last);
    last = number_of(got);
    ++received;
  }
  EXPECT_GE(received, 8);
  EXPECT_LT(received, 300);
}

TEST_F(SlowConsumerTest, TheServersMemoryIsBound) {
  start_fast({"send_buffer_size=8"});
  TestPeer stalled = stalled_in("lobby");
  TestPeer sender = peer_in("lobby", "sender");
  for (int i = 0; i < 100; ++i) broadcast(sender, i, 60'000);
  sender.round_trip();
  const auto before = server().resident_bytes();
  for (int i = 0; i < 1000; ++i) broadcast(sender, i, 60'000);
  sender.round_trip();
  EXPECT_LT(server().resident_bytes(), before + 20'000'000);
}

TEST_F(SlowConsumerTest, AnEmptyQueueTakesAnyOneMessage) {
  start_fast({"send_buffer_size=4", "send_buffer_bytes=100"});
  TestPeer reader = peer_in("lobby", "reader");
  TestPeer sender = peer_in("lobby", "sender");
  reader.next("peer_joined");
  broadcast(sender, 1, 50'000);
  EXPECT_EQ(number_of(reader.next("broadcast")), 1);
}

TEST_F(SlowConsumerTest, OnlyWhatTheSocketRefusesCounts) {
  // More messages in one write than the queue holds, to a peer whose socket takes them all.
  start_fast({"send_buffer_size=2"});
  TestPeer reader = peer_in("lobby", "reader");
  TestPeer sender = peer_in("lobby", "sender");
  reader.next("peer_joined");
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    bytes += encode({.payload = message("signal", fmt(R"({"n":%})", i), R"("to":"reader")")});
  }
  sender.ws().send_raw(bytes);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(reader.next("signal")["payload"]["n"].number(), i);
}

TEST_F(SlowConsumerTest, APeerWhoseSocketTakesNothingForWriteTimeoutIsClosed) {
  start_fast({"write_timeout=300ms", "send_buffer_size=64"});
  TestPeer stalled = stalled_in("lobby");
  TestPeer sender = peer_in("lobby", "sender");
  for (int i = 0; i < 200; ++i) broadcast(sender, i, 60'000);
  EXPECT_EQ(sender.next("peer_left")["from"].str(), stalled.fingerprint());
}

}  // namespace
}  // namespace peer::test
