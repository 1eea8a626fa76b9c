// How Redis is reached and told who asks: URLs, users, TLS, Unix sockets.
#include <csignal>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/redis_certificates.h"
#include "tests/support/free_port.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class AccessTest : public ClusterTest {
 protected:
  ServerProcess& start_at(std::string_view addr, std::string_view options = {}) {
    return start_node_with(fmt(R"(plugins: {broker: {name: redis, options: {addr: "%", %%%}}})",
                               addr, kQuick, options.empty() ? "" : ", ", options));
  }
  /// Two nodes there are one cluster.
  void expect_pair_at(std::string_view addr, std::string_view options = {}) {
    ServerProcess& first = start_at(addr, options);
    ServerProcess& second = start_at(addr, options);
    wait_for_state(first, "connected");
    wait_for_state(second, "connected");
    TestPeer alice = peer_in(first, "game", "alice");
    TestPeer bob = peer_in(second, "game", "bob");
    expect_news(alice, "peer_joined", bob);
    for (int number = 1; number <= 3; ++number) {
      alice.send_to(bob.fingerprint(), std::to_string(number));
      EXPECT_EQ(bob.next("signal")["payload"].number(), number);
    }
  }
};

TEST_F(AccessTest, AUrlNamesUserPasswordAndDatabase) {
  RedisProcess server(std::string("default-secret"));
  server.client().command({"ACL", "SETUSER", "peer", "on", ">p@ss,word", "~*", "&*", "+@all"});
  server.client().command({"ACL", "SETUSER", "default", "off"});
  expect_pair_at(fmt("redis://peer:p%ss%word@127.0.0.1:%/3", "%40", "%2c", server.port()));
}

TEST_F(AccessTest, AUserMayStandInKeysAndItsPasswordInAFile) {
  RedisProcess server(std::string("default-secret"));
  server.client().command({"ACL", "SETUSER", "peer", "on", ">hunter2", "~*", "&*", "+@all"});
  const TempDir dir;
  const std::string file = dir.write("password", "hunter2\n");
  expect_pair_at(fmt("127.0.0.1:%", server.port()), fmt("username: peer, password_file: %", file));
}

TEST_F(AccessTest, AUnixSocketIsAnAddress) {
  const TempDir dir;
  const std::string path = dir.path() / "redis.sock";
  const RedisProcess server({"--save", "", "--unixsocket", path});
  expect_pair_at("unix://" + path + "?db=1");
}

class TlsTest : public AccessTest {
 protected:
  /// `more`: beside the server's certificate.
  void start_redis(const std::vector<std::string>& more = {"--tls-auth-clients", "no"}) {
    std::vector<std::string> arguments{"--save",
                                       "",
                                       "--tls-port",
                                       std::to_string(tls_port_),
                                       "--tls-cert-file",
                                       certificates_.certificate("redis"),
                                       "--tls-key-file",
                                       certificates_.key("redis"),
                                       "--tls-ca-cert-file",
                                       certificates_.ca()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_ = std::make_unique<RedisProcess>(arguments);
  }
  std::string url(std::string_view host = "localhost") const {
    return fmt("rediss://%:%", host, tls_port_);
  }
  std::string ca() const { return "tls_ca_file: " + certificates_.ca(); }
  RedisCertificates& certificates() { return certificates_; }
  RedisProcess& server() { return *server_; }

 private:
  RedisCertificates certificates_;
  std::uint16_t tls_port_ = free_port();
  std::unique_ptr<RedisProcess> server_;
};

TEST_F(TlsTest, TwoNodesAreAClusterByNameAndByAddress) {
  certificates().issue("redis", "DNS:localhost,IP:127.0.0.1");
  start_redis();
  expect_pair_at(url(), ca());
  expect_pair_at(url("127.0.0.1"), ca());
}

TEST_F(TlsTest, TheCertificateMustNameTheHostOrTheGivenName) {
  certificates().issue("redis", "DNS:redis.internal");
  start_redis();
  ServerProcess& node = start_at(url(), ca());
  wait_for_output(node, "TLS: hostname mismatch");
  expect_pair_at(url(), ca() + ", tls_server_name: redis.internal");
}

TEST_F(TlsTest, AnAuthorityThatNobodyKnowsIsNotBelieved) {
  certificates().issue("redis", "DNS:localhost");
  start_redis();
  ServerProcess& node = start_at(url());
  wait_for_output(node, "TLS: ");
  EXPECT_THAT(node.output(), HasSubstr("certificate"));
  EXPECT_EQ(broker_stats(node)["state"].str(), "degraded");
}

TEST_F(TlsTest, ACertificateThatHasEndedIsRefusedUntilItIsRenewed) {
  certificates().issue("redis", "DNS:localhost", true);
  start_redis();
  ServerProcess& node = start_at(url(), ca());
  wait_for_output(node, "TLS: certificate has expired");
  certificates().issue("redis", "DNS:localhost");
  server().command({"CONFIG", "SET", "tls-cert-file", certificates().certificate("redis")});
  wait_for_state(node, "connected");
}

TEST_F(TlsTest, TheNodesOwnCertificateIsReadAgainForEachConnection) {
  certificates().issue("redis", "DNS:localhost");
  certificates().issue("node", "DNS:node", true);
  start_redis({"--tls-auth-clients", "yes"});
  ServerProcess& node =
      start_at(url(), ca() + fmt(", tls_cert_file: %, tls_key_file: %",
                                 certificates().certificate("node"), certificates().key("node")));
  wait_for_output(node, "TLS: ");
  certificates().issue("node", "DNS:node");
  wait_for_state(node, "connected");
}

TEST_F(TlsTest, AServerThatNeverAnswersTheHandshakeHoldsUpNobody) {
  certificates().issue("redis", "DNS:localhost");
  start_redis();
  server().signal(SIGSTOP);
  ServerProcess& node = start_at(url(), ca() + ", timeout_ms: 200");
  TestPeer alice = peer_in(node, "game", "alice");
  wait_for_output(node, "is out of reach (no answer)");
  server().signal(SIGCONT);
  wait_for_state(node, "connected");
}

TEST_F(TlsTest, LargeMessagesArriveInOrder) {
  certificates().issue("redis", "DNS:localhost");
  start_redis();
  ServerProcess& first = start_at(url(), ca());
  ServerProcess& second = start_at(url(), ca());
  wait_for_state(first, "connected");
  wait_for_state(second, "connected");
  TestPeer alice = peer_in(first, "game", "alice");
  TestPeer bob = peer_in(second, "game", "bob");
  const std::string large(50'000, 'x');
  for (int number = 1; number <= 5; ++number) {
    alice.send_to(bob.fingerprint(), fmt(R"(["%", %])", large, number));
  }
  for (int number = 1; number <= 5; ++number) {
    const Json payload = bob.next("signal")["payload"];
    EXPECT_EQ(payload[0].str(), large);
    EXPECT_EQ(payload[1].number(), number);
  }
}

TEST_F(ClusterTest, APasswordInAUrlIsShownNowhere) {
  const std::string url = "redis://peer:hunter2@127.0.0.1:1";
  ServerProcess& node = start_node_with(fmt(R"(broker_type: redis
redis_addr: "%")",
                                            url));
  wait_for_output(node, "Redis at 127.0.0.1:1 is out of reach");
  EXPECT_THAT(node.output(), Not(HasSubstr("hunter2")));
  for (const char* path : {"/stats", "/metrics"}) {
    EXPECT_THAT(http_get(node.port(), path).body, Not(HasSubstr("hunter2")));
  }
  ServerOptions options;
  options.arguments = {"--print-config"};
  options.config = fmt("broker_type: redis\nredis_addr: \"%\"", url);
  ServerProcess printer(options);
  EXPECT_EQ(printer.wait_exit(), std::optional(0));
  EXPECT_THAT(printer.output(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(printer.output(), HasSubstr("redis_addr: (not shown)"));
}

struct Contradiction {
  const char* options;
  const char* key;
};

class ContradictionTest : public testing::TestWithParam<Contradiction> {};

TEST_P(ContradictionTest, IsAMistakeThatNamesTheKeyAndShowsNoSecret) {
  ServerOptions options;
  options.arguments = {"--check-config"};
  options.config = fmt("plugins: {broker: {name: redis, options: {%}}}", GetParam().options);
  ServerProcess server(options);
  EXPECT_EQ(server.wait_exit(), std::optional(78)) << server.output();
  EXPECT_THAT(server.output(), HasSubstr(std::string(GetParam().key) + ": expected"));
  EXPECT_THAT(server.output(), Not(HasSubstr("hunter")));
}

INSTANTIATE_TEST_SUITE_P(
    OfUrlsAndKeys, ContradictionTest,
    testing::Values(
        Contradiction{R"(addr: "redis://u:hunter2@h", password: hunter3)", "password"},
        Contradiction{R"(addr: "redis://hunter@h", username: hunter1)", "username"},
        Contradiction{R"(addr: "redis://h/1", db: 2)", "db"},
        Contradiction{R"(addr: "rediss://h", tls: false)", "tls"},
        Contradiction{R"(addr: "redis://h", tls: true)", "tls"},
        Contradiction{R"(addr: "redis://u:hunter1@a,redis://u:hunter2@b")", "addr"},
        Contradiction{R"(addr: "redis://u:hunter%zz@a")", "addr"},
        Contradiction{R"(addr: "unix:///a,b:1")", "addr"},
        Contradiction{R"(addr: "a:1", tls_ca_file: /ca.pem)", "addr"},
        Contradiction{R"(addr: "rediss://a", tls_ca_file: /nowhere/ca.pem)", "tls_ca_file"},
        Contradiction{R"(addr: "rediss://a", tls_cert_file: /cert.pem)", "tls_cert_file"},
        Contradiction{R"(sentinels: ["a:1"])", "master"}, Contradiction{R"(master: m)", "master"},
        Contradiction{R"(addr: "b:1", sentinels: ["a:1"], master: m)", "addr"},
        Contradiction{R"(sentinels: ["unix:///a"], master: m)", "sentinels"}));

}  // namespace
}  // namespace peer::test
