// Who may connect: limits by address, trusted proxies, Origin.
#include <optional>

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
  void expect_refused_from(const std::string& source, int status = 429) {
    EXPECT_EQ(ask_from(source, upgrade_request()).status, status);
  }
  /// The answer to a request that is sent on a connection of its own, which ends with it.
  HttpReply ask_from(const std::string& source, const std::string& request, bool has_body = true) {
    TcpStream stream(Dial{.port = port(), .source = source});
    stream.write(request);
    std::string buffer;
    HttpReply reply = read_http_reply(stream, buffer, has_body);
    stream.expect_end();
    return reply;
  }
  static std::string get(const std::string& path, const std::string& more = {}) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
  }
  /// The status of the answer to an upgrade with these header lines.
  int upgrade_status(const std::string& headers) {
    TcpStream stream(port());
    stream.write(upgrade_request("/ws", headers));
    std::string buffer;
    return read_http_reply(stream, buffer).status;
  }
  /// Over one connection, which is kept: a second one might meet the limits of the first.
  std::int64_t network(std::string_view figure) {
    if (!stats_) stats_.emplace(port());
    return Json::parse(stats_->request("GET", "/stats").body)["network"][figure].number();
  }

 private:
  std::optional<HttpClient> stats_;
};

TEST_F(AdmissionTest, ConnectionsOfOneAddressAreBounded) {
  start_strict({"max_connections_per_ip=2", "loops=2"});
  TestPeer first = connect_from("127.0.0.2");
  TestPeer second = connect_from("127.0.0.2");
  expect_refused_from("127.0.0.2");
  TestPeer other = connect_from("127.0.0.3");
  first.register_as("first");
  expect_figure(1, [&] { return network("refused"); });
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
  expect_refused_from("127.0.0.4", 503);
  second.register_as("second");
  TestPeer third = connect_from("127.0.0.4");
}

TEST_F(AdmissionTest, HealthChecksAreAnsweredBeyondTheLimitsAndNothingElse) {
  start_strict({"max_connections_per_ip=1"});
  TestPeer first = connect_from("127.0.0.2");
  for (const char* path : {"/health", "/ready"}) {
    const HttpReply reply = ask_from("127.0.0.2", get(path));
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.headers.at("connection"), "Close") << path;
  }
  EXPECT_EQ(ask_from("127.0.0.2", "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n", false).status, 200);
  EXPECT_EQ(network("refused"), 0) << "whoever got an answer was not turned away";
  for (const char* path : {"/stats", "/metrics", "/ws", "/"}) {
    EXPECT_EQ(ask_from("127.0.0.2", get(path)).status, 429) << path;
  }
  EXPECT_EQ(ask_from("127.0.0.2", "POST /health HTTP/1.1\r\nHost: x\r\n\r\n").status, 429);
  expect_refused_from("127.0.0.2");
  EXPECT_EQ(ask_from("127.0.0.2", get("/health", fmt("X: %\r\n", std::string(1024, 'x')))).status,
            431);
  EXPECT_EQ(ask_from("127.0.0.3", get("/health", "Connection: close\r\n")).status, 200);
  first.register_as("first");
}

TEST_F(AdmissionTest, TheReserveForHealthChecksIsBounded) {
  start_strict({"max_connections_per_ip=1", "loops=2"});
  const TestPeer first = connect_from("127.0.0.2");
  std::vector<TcpStream> idle;
  for (int i = 0; i < 32; ++i) idle.emplace_back(Dial{.port = port(), .source = "127.0.0.2"});
  const Deadline deadline;
  while (network("connections") < 34) ASSERT_FALSE(deadline.passed());
  TcpStream one_too_many(Dial{.port = port(), .source = "127.0.0.2"});
  one_too_many.expect_end();
  expect_figure(1, [&] { return network("refused"); });
  // Each of the others gets a second.
  for (TcpStream& stream : idle) stream.expect_end();
  EXPECT_EQ(ask_from("127.0.0.2", get("/health")).status, 200);
  expect_figure(33, [&] { return network("refused"); });
}

TEST_F(AdmissionTest, LoopbackIsExemptByDefault) {
  start({"max_connections_per_ip=1", "max_unregistered_per_ip=1", "connection_rate_per_ip=1",
         "connection_burst_per_ip=1"});
  std::vector<TestPeer> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(connect());
  peers.back().register_as("last");
  expect_figure(0, [&] { return network("refused"); });
}

TEST_F(AdmissionTest, UnregisteredConnectionsOfAllAreBoundedOnLoopbackToo) {
  start({"max_unregistered=2"});
  TestPeer first = connect();
  const TestPeer second = connect();
  expect_refused_from("127.0.0.1", 503);
  first.register_as("first");
  expect_figure(2, [&] { return network("unregistered"); });  // the other, and who asks
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

TEST_F(AdmissionTest, ATrustedProxyIsBelievedByTheHeaderThatIsNamed) {
  start(
      {"trusted_proxies=127.0.0.1", "trusted_proxy_header=x-real-ip", "max_connections_per_ip=1"});
  TestPeer first = connect(Dial{.headers = "X-Real-IP: 192.0.2.1\r\n"});
  first.register_as("first");
  const std::string lie = "X-Forwarded-For: 192.0.2.2\r\nForwarded: for=192.0.2.3\r\n";
  EXPECT_EQ(upgrade_status(lie + "X-Real-IP: 192.0.2.1\r\n"), 429);
  EXPECT_EQ(upgrade_status(lie + "X-Real-IP: 192.0.2.4\r\n"), 101);
}

TEST_F(AdmissionTest, OfTwoHeadersThatDifferNoneIsBelievedAndTheLogSaysSo) {
  start({"trusted_proxies=127.0.0.1", "max_connections_per_ip=1"});
  const char* both = "X-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.9\r\n";
  TestPeer first = connect(Dial{.headers = both});
  first.register_as("first");
  EXPECT_EQ(upgrade_status(both), 429) << "counted as the proxy, which is not exempt now";
  server().wait_for_output(
      "the trusted proxy 127.0.0.1 names different clients in X-Forwarded-For and X-Real-IP: its "
      "own "
      "address counts for its clients; name the one that it sets in trusted_proxy_header");
}

TEST_F(AdmissionTest, AnAddressFromAHeaderIsNeverThisMachine) {
  start({"trusted_proxies=127.0.0.1", "stats_access=loopback", "max_connections_per_ip=1"});
  for (const char* header : {"X-Real-IP: 127.0.0.1\r\n", "X-Forwarded-For: ::1\r\n",
                             "Forwarded: for=127.0.0.1\r\n", "Forwarded: for=unknown\r\n"}) {
    EXPECT_EQ(HttpClient(port()).request("GET", "/stats", header).status, 404) << header;
  }
  TestPeer first = connect(Dial{.headers = "X-Real-IP: 127.0.0.5\r\n"});
  first.register_as("first");
  EXPECT_EQ(upgrade_status("X-Real-IP: 127.0.0.5\r\n"), 429);
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
