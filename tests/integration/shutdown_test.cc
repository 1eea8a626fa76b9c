// SIGTERM and SIGINT: docs/protocol.md, "Closing".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

class ShutdownTest : public ServerTest {
 protected:
  /// Asks a path until it answers this status.
  HttpReply wait_for_status(std::string_view path, int status) {
    const Deadline deadline;
    HttpReply reply = http_get(port(), path);
    while (reply.status != status && !deadline.passed()) reply = http_get(port(), path);
    EXPECT_EQ(reply.status, status);
    return reply;
  }
};

TEST_F(ShutdownTest, SigtermClosesEachPeerWith1001AndTheServerExitsWith0) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer("bob");
  server().signal(SIGTERM);
  alice.ws().expect_close(1001, "server shutting down");
  bob.ws().expect_close(1001, "server shutting down");
  alice.ws().stream().expect_end();
  bob.ws().stream().expect_end();
  expect_exit(0);
}

TEST_F(ShutdownTest, SigintDoesTheSame) {
  TestPeer alice = peer("alice");
  server().signal(SIGINT);
  alice.ws().expect_close(1001, "server shutting down");
  expect_exit(0);
}

TEST_F(ShutdownTest, AnIdleServerExitsWith0) {
  server().signal(SIGTERM);
  expect_exit(0);
}

TEST_F(ShutdownTest, PeersGetWhatWasQueuedForThemFirst) {
  start({"rate_limit_burst=100000", "send_buffer_size=1000", "drain_delay=300ms"});
  TestPeer slow(Dial{.port = port(), .receive_buffer = 4096});
  slow.register_as("slow", R"("alias":"slow")");
  slow.join("lobby");
  TestPeer sender = peer_in("lobby", "sender");
  const std::string payload = "\"" + std::string(50'000, 'x') + "\"";
  for (int i = 0; i < 100; ++i) sender.send_to("slow", payload);
  sender.round_trip();
  server().signal(SIGTERM);
  slow.next("peer_joined");
  for (int i = 0; i < 100; ++i) slow.next("signal");
  slow.ws().expect_close(1001);
  expect_exit(0, Deadline(5s));
}

TEST_F(ShutdownTest, StalledPeersDoNotHoldItLongerThanShutdownTimeout) {
  start({"rate_limit_burst=100000", "shutdown_timeout=500ms", "send_buffer_size=1000"});
  TestPeer stalled(Dial{.port = port(), .receive_buffer = 4096});
  stalled.register_as("stalled", R"("alias":"stalled")");
  stalled.join("lobby");
  TestPeer sender = peer_in("lobby", "sender");
  const std::string payload = "\"" + std::string(60'000, 'x') + "\"";
  for (int i = 0; i < 200; ++i) sender.send_to("stalled", payload);
  sender.round_trip();
  server().signal(SIGTERM);
  expect_exit(0, Deadline(3s));
}

TEST_F(ShutdownTest, ConnectionsThatAreNoPeersDoNotHoldIt) {
  TestPeer unregistered = connect();
  HttpClient half(port());
  half.stream().write("GET /ws HTTP/1.1\r\n");
  server().signal(SIGTERM);
  expect_exit(0, Deadline(5500ms));
}

TEST_F(ShutdownTest, WhileDrainingHealthAndReadyAre503AndPeersGoOn) {
  start({"drain_delay=60s"});
  TestPeer alice = peer("alice");
  server().signal(SIGTERM);
  const HttpReply health = wait_for_status("/health", 503);
  EXPECT_EQ(Json::parse(health.body)["status"].str(), "draining");
  wait_for_status("/ready", 503);
  alice.round_trip();
  TestPeer bob = peer("bob");
  bob.round_trip();
  server().signal(SIGTERM);
  EXPECT_TRUE(server().wait_exit(Deadline(2s)).has_value());
}

TEST_F(ShutdownTest, WhileItDrainsTheLogAndTheSettingsAreServedAsBefore) {
  start({"drain_delay=60s"});
  server().signal(SIGTERM);
  server().wait_for_output("draining");
  server().signal(SIGUSR1);
  server().wait_for_output("SIGUSR1: the log is open anew");
  server().signal(SIGHUP);
  server().wait_for_output("SIGHUP: the settings are the same");
  server().signal(SIGTERM);
  EXPECT_TRUE(server().wait_exit(Deadline(2s)).has_value());
}

TEST_F(ShutdownTest, AfterDrainDelayPeersAreClosed) {
  start({"drain_delay=200ms"});
  TestPeer alice = peer("alice");
  server().signal(SIGTERM);
  alice.ws().expect_close(1001, "server shutting down");
  expect_exit(0);
}

TEST_F(ShutdownTest, WithASpreadConnectionsAreClosedOneAfterTheOther) {
  start({"loops=1", "shutdown_spread=1h", "shutdown_timeout=2h"});
  TestPeer first = peer_in("lobby", "first");
  TestPeer second = peer_in("lobby", "second");
  server().signal(SIGTERM);
  first.ws().expect_close(1001, "server shutting down");
  second.round_trip();
  EXPECT_THROW(connect(), std::exception);  // nobody comes in meanwhile
  second.round_trip();
  server().signal(SIGTERM);
  expect_exit(0);
}

TEST_F(ShutdownTest, WithinTheSpreadEverybodyIsClosed) {
  start({"loops=2", "shutdown_spread=300ms", "shutdown_timeout=10s"});
  std::vector<TestPeer> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(peer(fmt("peer-%", i)));
  server().signal(SIGTERM);
  for (TestPeer& peer : peers) peer.ws().expect_close(1001, "server shutting down");
  expect_exit(0);
}

}  // namespace
}  // namespace peer::test
