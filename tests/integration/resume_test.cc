// Session resume over real sockets (docs/protocol.md, "C.6 Session resume"): what a test of one
// node in this process (tests/unit/dispatch) does not have, such as TLS, proxies and time.
#include "tests/support/dev_certificate.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class ResumeTest : public ServerTest {
 protected:
  static std::string token_of(const Json& answer) {
    return answer["payload"]["session"]["token"].str();
  }
  std::string resumable(TestPeer& peer, std::string_view name) {
    return token_of(peer.register_as(name, fmt(R"("alias":"%","resume":true)", name)));
  }
  static Json resume(TestPeer& peer, std::string_view token, int received) {
    peer.send("resume", fmt(R"({"token":"%","received":%})", token, received));
    return peer.next();
  }
  void wait_for_away(int count) {
    expect_figure(count, [this] {
      return static_cast<std::int64_t>(http_json("/stats")["sessions"]["away"].number());
    });
  }
};

TEST_F(ResumeTest, GoingAwayThatComesByATrustedProxyIsAReloadOfIt) {
  start({"trusted_proxies=[\"127.0.0.1\"]", "trusted_proxy_header=x-real-ip"});
  TestPeer bob = connect(Dial{.headers = "X-Real-IP: 192.0.2.1\r\n"});
  const std::string token = resumable(bob, "bob");
  bob.ws().close(1001);
  wait_for_away(1);
  TestPeer again = connect(Dial{.headers = "X-Real-IP: 192.0.2.1\r\n"});
  EXPECT_EQ(resume(again, token, 0)["type"].str(), "resumed");
  again.ws().close(1000);
  wait_for_peers(0);
}

TEST_F(ResumeTest, APeerThatIsAwayCountsAsAConnectionOfItsAddress) {
  start({"exempt_loopback=false", "max_connections_per_ip=2"});
  std::string token;
  {
    TestPeer bob = connect(Dial{.source = "127.0.0.2"});
    token = resumable(bob, "bob");
    bob.ws().stream().reset();
  }
  wait_for_away(1);
  const auto upgrade = [this] {
    HttpClient client(Dial{.port = port(), .source = "127.0.0.2"});
    client.stream().write(upgrade_request());
    return client.read_reply().status;
  };
  TestPeer again = connect(Dial{.source = "127.0.0.2"});
  EXPECT_EQ(upgrade(), 429);
  // It has a connection of its own again, and its old place is free.
  EXPECT_EQ(resume(again, token, 0)["type"].str(), "resumed");
  EXPECT_EQ(upgrade(), 101);
  again.ws().close(1000);
  wait_for_peers(0);
  EXPECT_EQ(upgrade(), 101);
}

TEST_F(ResumeTest, TheEndOfTheWindowFreesThePlaceOfTheAddress) {
  start({"exempt_loopback=false", "max_connections_per_ip=1", "resume_window=50ms"});
  {
    TestPeer bob = connect(Dial{.source = "127.0.0.2"});
    resumable(bob, "bob");
    bob.ws().stream().reset();
  }
  wait_for_peers(0);
  TestPeer alice = connect(Dial{.source = "127.0.0.2"});
  alice.register_as("alice");
}

TEST_F(ResumeTest, APingTimeoutIsNoEnd) {
  start({"ping_interval=50ms", "pong_wait=100ms"});
  TestPeer bob = connect();
  const std::string token = resumable(bob, "bob");
  bob.ws().answer_pings(false);
  bob.ws().expect_close(4002, "ping timeout");
  wait_for_away(1);
  TestPeer again = connect();
  EXPECT_EQ(resume(again, token, 0)["type"].str(), "resumed");
}

TEST_F(ResumeTest, APeerThatTakesNothingGetsItAllWhenItIsBack) {
  start_with({.settings = {"rate_limit_burst=10000", "send_buffer_size=300",
                           "resume_buffer_size=300", "resume_buffer_bytes=100000000"},
              .config = "write_timeout: 200ms\n"});
  TestPeer sleeper = connect(Dial{.receive_buffer = 4096});
  const std::string token = resumable(sleeper, "sleeper");
  sleeper.join("lobby");
  TestPeer sender = peer_in("lobby", "sender");
  const std::string text = std::string(60'000, 'x');
  for (int i = 0; i < 150; ++i) sender.send_to("sleeper", fmt("\"% %\"", i, text));
  sender.round_trip();
  wait_for_away(1);
  // Whoever comes back may take them as slowly as the machine lets it.
  server().dir().write("peer-server.yaml", "write_timeout: 1h\n");
  server().signal(SIGHUP);
  server().wait_for_output("SIGHUP: changed: write_timeout");
  TestPeer again = connect();
  // peer_list; peer_joined and 150 signals have not been read.
  EXPECT_EQ(resume(again, token, 1)["payload"]["lost"].number(), 0);
  again.next("peer_joined");
  for (int i = 0; i < 150; ++i) {
    EXPECT_THAT(again.next("signal")["payload"].str(), testing::StartsWith(fmt("% ", i)));
  }
}

TEST_F(ResumeTest, ATlsConnectionMovesToTheLoopOfItsSession) {
  const DevCertificate certificate;
  start({"loops=4", "tls_cert=" + certificate.certificate(), "tls_key=" + certificate.key()});
  TestPeer bob = connect(Dial{.tls = true});
  std::string token = resumable(bob, "bob");
  // Wherever the kernel puts the connections, some are on another loop than the session.
  std::vector<TestPeer> connections;
  for (int i = 0; i < 12; ++i) {
    connections.push_back(connect(Dial{.tls = true}));
    const Json resumed = resume(connections.back(), token, i);
    ASSERT_EQ(resumed["type"].str(), "resumed");
    token = token_of(resumed);
    connections.back().round_trip();
  }
}

TEST_F(ResumeTest, AReplayIsCompressedForWhoHasAgreedToIt) {
  start({"compression_enabled=true", "compression_threshold=100"});
  TestPeer bob = connect();
  const std::string token = resumable(bob, "bob");
  bob.join("lobby");
  TestPeer alice = peer_in("lobby", "alice");
  bob.next("peer_joined");
  alice.send_to("bob", "\"" + std::string(1000, 'y') + "\"");
  const Json plain = bob.next("signal");
  bob.ws().stream().reset();
  wait_for_away(1);
  TestPeer again = connect(Dial{.headers = "Sec-WebSocket-Extensions: permessage-deflate\r\n"});
  EXPECT_EQ(resume(again, token, 2)["type"].str(), "resumed");
  const Frame frame = again.ws().read_frame();
  EXPECT_EQ(frame.rsv, 4);
  EXPECT_EQ(Json::parse(inflate_message(frame.payload)), plain);
}

TEST_F(ResumeTest, SessionsThatAreAwayDoNotHoldUpTheEnd) {
  TestPeer bob = connect();
  resumable(bob, "bob");
  bob.ws().stream().reset();
  wait_for_away(1);
  server().signal(SIGTERM);
  expect_exit(0, Deadline(3s));
}

}  // namespace
}  // namespace peer::test
