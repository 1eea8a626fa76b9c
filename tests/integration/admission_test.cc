// Who may connect: limits by address, trusted proxies, Origin.
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

class AdmissionTest : public ServerTest {
 protected:
  void start_strict(std::vector<std::string> settings) {
    settings.push_back("exempt_loopback=false");
    start(std::move(settings));
  }
  TestPeer connect_from(const std::string& source) { return connect(Dial{.source = source}); }
  void expect_refused_from(const std::string& source) {
    TcpStream stream(Dial{.port = port(), .source = source});
    stream.expect_end();
  }
  /// The status of the answer to an upgrade with these header lines.
  int upgrade_status(const std::string& headers) {
    TcpStream stream(port());
    stream.write(upgrade_request("/ws", headers));
    std::string buffer;
    return read_http_reply(stream, buffer).status;
  }
  std::int64_t network(std::string_view figure) {
    return http_json("/stats")["network"][figure].number();
  }
};

TEST_F(AdmissionTest, ConnectionsOfOneAddressAreBounded) {
  start_strict({"max_connections_per_ip=2", "loops=2"});
  TestPeer first = connect_from("127.0.0.2");
  TestPeer second = connect_from("127.0.0.2");
  expect_refused_from("127.0.0.2");
  TestPeer other = connect_from("127.0.0.3");
  first.register_as("first");
  EXPECT_EQ(network("refused"), 1);
}

TEST_F(AdmissionTest, AnAddressWhoseConnectionsEndMayComeBack) {
  start_strict({"max_connections_per_ip=1"});
  {
    TestPeer first = connect_from("127.0.0.2");
    expect_refused_from("127.0.0.2");
  }
  const Deadline deadline;
  while (network("connections") > 1) ASSERT_FALSE(deadline.passed());
  connect_from("127.0.0.2").register_as("again");
}

TEST_F(AdmissionTest, NewConnectionsASecondAreBounded) {
  start_strict({"connection_rate_per_ip=1", "connection_burst_per_ip=3"});
  const TestPeer first = connect_from("127.0.0.2");
  const TestPeer second = connect_from("127.0.0.2");
  const TestPeer third = connect_from("127.0.0.2");
  expect_refused_from("127.0.0.2");
  connect_from("127.0.0.3").register_as("other");
}

TEST_F(AdmissionTest, UnregisteredConnectionsOfOneAddressAreBounded) {
  start_strict({"max_unregistered_per_ip=2"});
  TestPeer first = connect_from("127.0.0.2");
  TestPeer second = connect_from("127.0.0.2");
  expect_refused_from("127.0.0.2");
  first.register_as("first");
  TestPeer third = connect_from("127.0.0.2");
  expect_refused_from("127.0.0.2");
}

TEST_F(AdmissionTest, UnregisteredConnectionsOfAllAreBounded) {
  start_strict({"max_unregistered=2"});
  TestPeer first = connect_from("127.0.0.2");
  TestPeer second = connect_from("127.0.0.3");
  expect_refused_from("127.0.0.4");
  second.register_as("second");
  TestPeer third = connect_from("127.0.0.4");
}

TEST_F(AdmissionTest, LoopbackIsExemptByDefault) {
  start({"max_connections_per_ip=1", "max_unregistered_per_ip=1", "connection_rate_per_ip=1",
         "connection_burst_per_ip=1"});
  std::vector<TestPeer> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(connect());
  peers.back().register_as("last");
  EXPECT_EQ(network("refused"), 0);
}

TEST_F(AdmissionTest, UnregisteredConnectionsOfAllAreBoundedOnLoopbackToo) {
  start({"max_unregistered=2"});
  TestPeer first = connect();
  const TestPeer second = connect();
  expect_refused_from("127.0.0.1");
  first.register_as("first");
  EXPECT_EQ(network("unregistered"), 2);  // the other, and who asks
}

TEST_F(AdmissionTest, ClientsOfATrustedProxyAreJudgedByTheAddressThatItTells) {
  start({"trusted_proxies=127.0.0.1", "max_connections_per_ip=1"});
  const auto client = [](const char* address) {
    return Dial{.headers = fmt("X-Forwarded-For: 9.9.9.9, %\r\n", address)};
  };
  TestPeer first = connect(client("192.0.2.1"));
  first.register_as("first");
  EXPECT_EQ(upgrade_status(client("192.0.2.1").headers), 429);
  TestPeer second = connect(client("192.0.2.2"));
  second.register_as("second");
  EXPECT_EQ(upgrade_status("X-Real-IP: 192.0.2.2\r\n"), 429);
}

TEST_F(AdmissionTest, NobodyElseTellsWhoTheClientIs) {
  start_strict({"trusted_proxies=10.0.0.0/8", "max_connections_per_ip=1"});
  TestPeer first =
      connect(Dial{.source = "127.0.0.2", .headers = "X-Forwarded-For: 192.0.2.1\r\n"});
  expect_refused_from("127.0.0.2");
}

TEST_F(AdmissionTest, AClientBehindALocalProxyIsNotOnThisMachine) {
  start({"trusted_proxies=127.0.0.1", "stats_access=loopback"});
  EXPECT_EQ(HttpClient(port()).request("GET", "/stats").status, 200);
  EXPECT_EQ(HttpClient(port()).request("GET", "/stats", "X-Real-IP: 192.0.2.1\r\n").status, 404);
}

TEST_F(AdmissionTest, AllOriginsAreLetInByDefaultWithAWarning) {
  start({});
  EXPECT_EQ(upgrade_status("Origin: https://anywhere.example\r\n"), 101);
  server().signal(SIGTERM);
  expect_exit(0);
  EXPECT_THAT(server().output(), testing::HasSubstr("allowed_origins is empty"));
}

TEST_F(AdmissionTest, AnOriginThatIsNotAllowedGets403) {
  start({"allowed_origins=https://example.com,*.example.org"});
  EXPECT_EQ(upgrade_status("Origin: https://example.com\r\n"), 101);
  EXPECT_EQ(upgrade_status("Origin: https://game.example.org\r\n"), 101);
  EXPECT_EQ(upgrade_status("Origin: https://example.org\r\n"), 403);
  EXPECT_EQ(upgrade_status("Origin: http://example.com\r\n"), 403);
  EXPECT_EQ(upgrade_status("Origin: null\r\n"), 403);
  EXPECT_EQ(upgrade_status("Origin: https://example.com\r\nOrigin: https://evil.example\r\n"), 403);
  EXPECT_EQ(upgrade_status(""), 101);
}

}  // namespace
}  // namespace peer::test
