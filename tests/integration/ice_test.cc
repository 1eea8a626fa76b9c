// Credentials for STUN and TURN servers, as docs/ice.md has them: a real coturn takes them, and
// relays with them, until they end.
#include "tests/support/free_port.h"
#include "tests/support/listening_program.h"
#include "tests/support/run_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

/// A coturn of this machine, with these secrets.
class Coturn {
 public:
  explicit Coturn(const std::vector<std::string>& secrets) {
    const std::uint16_t port = free_port();
    std::vector<std::string> command{PEER_TURNSERVER,
                                     "-n",
                                     "--listening-ip=127.0.0.1",
                                     "--relay-ip=127.0.0.1",
                                     fmt("--listening-port=%", port),
                                     "--no-tls",
                                     "--no-dtls",
                                     "--use-auth-secret",
                                     "--realm=example.org",
                                     "--allow-loopback-peers",
                                     "--no-cli",
                                     "--log-file=stdout",
                                     fmt("--pidfile=%/pid", program_.dir().path().string())};
    for (const std::string& secret : secrets) command.push_back("--static-auth-secret=" + secret);
    program_.start(command, port);
  }

  [[nodiscard]] std::string url() const { return fmt("turn:127.0.0.1:%?transport=udp", port()); }
  /// Two peers send each other messages through it.
  [[nodiscard]] bool relays_for(const Json& ice_server) const {
    return run_program(fmt("% -y -u '%' -w '%' -p % -n 3 -m 1 127.0.0.1 2>&1", PEER_TURN_CLIENT,
                           ice_server["username"].str(), ice_server["credential"].str(), port()))
               .exit_status == 0;
  }

 private:
  [[nodiscard]] std::uint16_t port() const { return program_.port(); }
  ListeningProgram program_;
};

class IceTest : public ServerTest {
 protected:
  void start_with_secret_file(const Coturn& turn, const std::string& secret) {
    secret_file_ = dir_.write("secret", secret);
    start_with({.config = fmt("ice_servers:\n  - {urls: [\"%\"], secret_file: %, ttl: 1h}",
                              turn.url(), secret_file_)});
  }
  static Json credentials(TestPeer& peer) {
    peer.send(message("ice_servers"));
    return peer.next("ice_servers")["payload"]["ice_servers"][0];
  }

  TempDir dir_;
  std::string secret_file_;
};

TEST_F(IceTest, CoturnRelaysForAPeerThatRegistered) {
  const Coturn turn({"the secret"});
  start_with_secret_file(turn, "the secret\n");
  TestPeer alice = peer("alice");
  const Json own = credentials(alice);
  EXPECT_TRUE(own["username"].str().ends_with(":" + fingerprint_of("alice")));
  EXPECT_TRUE(turn.relays_for(own));
  const Json others =
      Json::parse(fmt(R"({"username":"%","credential":"wrong"})", own["username"].str()));
  EXPECT_FALSE(turn.relays_for(others));
}

TEST_F(IceTest, ASecretIsChangedWithoutARefusedPeer) {
  const Coturn turn({"the old one", "the new one"});
  start_with_secret_file(turn, "the old one");
  TestPeer alice = peer("alice");
  const Json before = credentials(alice);
  dir_.write("secret", "the new one");
  server().signal(SIGHUP);
  server().wait_for_output("SIGHUP: changed: ice_servers");
  const Json after = credentials(alice);
  EXPECT_NE(after["credential"].str(), before["credential"].str());
  EXPECT_TRUE(turn.relays_for(before));
  EXPECT_TRUE(turn.relays_for(after));
}

TEST_F(IceTest, AReloadThatFindsAMistakeKeepsTheOldList) {
  start_with({.config = "ice_servers: [{urls: [\"stun:a\"]}]"});
  TestPeer alice = peer("alice");
  server().dir().write("peer-server.yaml", "ice_servers: [{urls: [\"http://a\"]}]");
  server().signal(SIGHUP);
  server().wait_for_output("ice_servers.0.urls.0: expected a URL that begins with stun:");
  EXPECT_EQ(credentials(alice)["urls"][0].str(), "stun:a");
}

}  // namespace
}  // namespace peer::test
