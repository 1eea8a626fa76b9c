// SIGHUP: what can be changed while it runs, all of it or nothing.
#include "tests/support/dev_certificate.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class ReloadTest : public ServerTest {
 protected:
  void start_file(const std::string& config) { start_with({.config = config}); }
  void reload(const std::string& config) {
    server().dir().write("peer-server.yaml", config);
    server().signal(SIGHUP);
  }
  int upgrade_status(std::string_view origin) {
    HttpClient client(port());
    client.stream().write(upgrade_request("/ws", fmt("Origin: %\r\n", origin)));
    return client.read_reply().status;
  }
};

TEST_F(ReloadTest, LimitsHoldForThoseWhoAreConnectedToo) {
  start_file("rate_limit_per_sec: 1000\nmax_name_length: 100\nmax_message_size: 65536");
  TestPeer alice = peer("alice");
  alice.join(std::string(100, 'n'));
  reload("rate_limit_per_sec: 1000\nmax_name_length: 10\nmax_message_size: 1000");
  server().wait_for_output("SIGHUP: changed: max_message_size, max_name_length");
  alice.expect_refused(message("join", fmt(R"({"namespace":"%"})", std::string(11, 'n'))), 400,
                       "namespace too long");
  alice.send("signal", "\"" + std::string(2000, 'x') + "\"");
  alice.ws().expect_close(1009);
}

TEST_F(ReloadTest, TheCompressionThresholdChangesForThoseWhoAreConnected) {
  const std::string config = "compression_enabled: true\ncompression_threshold: ";
  start_file(config + "60000");
  TestPeer alice = connect(Dial{.headers = "Sec-WebSocket-Extensions: permessage-deflate\r\n"});
  alice.register_as("alice", R"("alias":"alice")");
  alice.join("lobby");
  const std::string payload = fmt(R"({"x":"%"})", std::string(3000, 'x'));
  alice.send_to("alice", payload);
  EXPECT_EQ(alice.ws().read_frame().rsv, 0);
  reload(config + "1000");
  server().wait_for_output("SIGHUP: changed: compression_threshold");
  alice.round_trip();  // each loop takes the new value in its next round
  alice.send_to("alice", payload);
  EXPECT_EQ(alice.ws().read_frame().rsv, 4);
}

TEST_F(ReloadTest, APingIntervalThatGetsShorterHoldsForThoseWhoAreConnected) {
  start_file("ping_interval: 1h");
  TestPeer alice = peer("alice");
  reload("ping_interval: 100ms");
  EXPECT_EQ(alice.ws().read_frame().opcode, kPing);
}

TEST_F(ReloadTest, TheRateLimitChanges) {
  start_file("rate_limit_per_sec: 1000");
  TestPeer alice = peer("alice");
  reload("rate_limit_per_sec: 1\nrate_limit_burst: 5");
  server().wait_for_output("SIGHUP: changed: rate_limit_per_sec, rate_limit_burst");
  for (int i = 0; i < 20; ++i) alice.send(message("ping"));
  int limited = 0;
  for (int i = 0; i < 20; ++i) limited += alice.next()["type"].str() == "error" ? 1 : 0;
  EXPECT_GE(limited, 10);
}

TEST_F(ReloadTest, MaxPeersLetsNobodyMoreInAndThrowsNobodyOut) {
  start_file("max_peers: 10");
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  reload("max_peers: 1");
  server().wait_for_output("SIGHUP: changed: max_peers");
  TestPeer carol = connect();
  carol.send("register", R"({"public_key":"carol"})");
  carol.expect_error(503, "server full");
  alice.round_trip();
  bob.round_trip();
}

TEST_F(ReloadTest, LimitsByAddressChange) {
  start_file("exempt_loopback: false\nmax_connections_per_ip: 3");
  TestPeer alice = peer("alice");
  reload("exempt_loopback: false\nmax_connections_per_ip: 1");
  server().wait_for_output("SIGHUP: changed: max_connections_per_ip");
  HttpClient refused(port());
  refused.stream().write(upgrade_request());
  EXPECT_EQ(refused.read_reply().status, 429);
  reload("exempt_loopback: true\nmax_connections_per_ip: 1");
  server().wait_for_output("SIGHUP: changed: exempt_loopback");
  peer("bob").round_trip();
  alice.round_trip();
}

TEST_F(ReloadTest, TheHeaderThatATrustedProxyIsBelievedByChanges) {
  const std::string config = "trusted_proxies: [127.0.0.1]\nlog_level: debug\n";
  start_file(config + "trusted_proxy_header: x-real-ip");
  const std::string both = "X-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n";
  connect(Dial{.headers = both}).register_as("alice");
  server().wait_for_output("connected address=192.0.2.1");
  reload(config + "trusted_proxy_header: x-forwarded-for");
  server().wait_for_output("SIGHUP: changed: trusted_proxy_header");
  connect(Dial{.headers = both}).register_as("bob");
  server().wait_for_output("connected address=192.0.2.2");
}

TEST_F(ReloadTest, AllowedOriginsChange) {
  start_file("allowed_origins: [\"https://a.example\"]");
  EXPECT_EQ(upgrade_status("https://b.example"), 403);
  reload("allowed_origins: [\"https://b.example\"]");
  server().wait_for_output("SIGHUP: changed: allowed_origins");
  const Deadline deadline;  // each loop takes it up when it gets to it
  while (upgrade_status("https://a.example") != 403) ASSERT_FALSE(deadline.passed());
  while (upgrade_status("https://b.example") != 101) ASSERT_FALSE(deadline.passed());
}

TEST_F(ReloadTest, TheLogLevelChanges) {
  start_file("log_level: information");
  TestPeer alice = peer("alice");
  reload("log_level: debug");
  server().wait_for_output("SIGHUP: changed: log_level");
  TestPeer bob = peer("bob");
  server().wait_for_output("registered peer=" + bob.fingerprint());
  EXPECT_THAT(server().output(), Not(HasSubstr(alice.fingerprint())));
}

TEST_F(ReloadTest, MistakesChangeNothingAndAreAllTold) {
  start_file("max_peers: 10");
  TestPeer alice = peer("alice");
  reload("max_peers: 20\nprot: 1\nping_interval: soon");
  server().wait_for_output("ping_interval: expected a duration");
  EXPECT_THAT(server().output(), HasSubstr("prot: unknown key"));
  EXPECT_THAT(server().output(), HasSubstr("nothing was changed"));
  EXPECT_EQ(http_json("/health")["max_peers"].text(), "10");
  alice.round_trip();
}

TEST_F(ReloadTest, APathOfADialectIsAMistakeAsAtTheStart) {
  const std::string dialects =
      "plugins:\n  dialects:\n    - {name: y_webrtc}\n    - {name: peerjs, options: {path: /p}}\n";
  start_file(dialects + "max_peers: 10");
  reload("# one line more\n" + dialects + "max_peers: 20\npath: /y");
  server().wait_for_output(
      ":4: plugins.dialects[0]: plugin 'y_webrtc' wants to upgrade at /y, which is the server's");
  EXPECT_THAT(server().output(), HasSubstr("nothing was changed"));
  reload(dialects + "max_peers: 20\npath: /p/peerjs/id");
  server().wait_for_output(
      ":4: plugins.dialects[1]: plugin 'peerjs' wants to answer at /p/peerjs/id, which is the "
      "server's");
  // The dialects that run count, not those that a restart would bring.
  reload("max_peers: 20\npath: /p/peerjs");
  server().wait_for_output("plugin 'peerjs' wants to upgrade at /p/peerjs, which is the server's");
  reload(dialects + "max_peers: 20\nmax_name_length: 40");
  server().wait_for_output(
      "max_name_length: expected 41 or more, since there are plugins.dialects");
  EXPECT_EQ(http_json("/health")["max_peers"].text(), "10");
  connect(Dial{.path = "/ws"}).register_as("native");
  reload(dialects + "max_peers: 20\npath: /other");
  server().wait_for_output("SIGHUP: changed: ");
  connect(Dial{.path = "/other"}).register_as("another");
}

TEST_F(ReloadTest, WhatNeedsARestartIsNamedAndTheRestChanges) {
  start_file("max_peers: 10\nshard_count: 16");
  reload(
      "max_peers: 20\nshard_count: 32\nmetrics_port: 9999\n"
      "plugins: {room_policy: {name: standard, options: {default_size: 7}}}");
  server().wait_for_output(
      "SIGHUP: a restart is needed for: shard_count, metrics_port, plugins.room_policy");
  EXPECT_EQ(http_json("/health")["max_peers"].text(), "20");
  EXPECT_EQ(http_json("/stats")["shards"].text(), "16");
}

TEST_F(ReloadTest, NothingChangedIsSaid) {
  start_file("max_peers: 10");
  reload("# the same\nmax_peers: 10");
  server().wait_for_output("SIGHUP: the settings are the same");
}

}  // namespace
}  // namespace peer::test
