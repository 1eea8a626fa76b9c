// Clients that are turned away: what they are told, what the log says, and what is counted.
#include "tests/support/dev_certificate.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class RefusalsTest : public ServerTest {
 protected:
  /// The answer to these bytes on a connection of their own.
  HttpReply answer_to(const std::string& bytes, const std::string& source = {}) {
    TcpStream stream(Dial{.port = port(), .source = source});
    stream.write(bytes);
    std::string buffer;
    return read_http_reply(stream, buffer);
  }
  std::int64_t refused(std::string_view reason) {
    return http_json("/stats")["network"]["refusals"][reason].number();
  }
  void expect_told(const std::string& answered, const std::string& why, std::string_view reason) {
    EXPECT_THAT(answered, HasSubstr(why));
    server().wait_for_output("Warning: refused 127.0.0.1: " + why);
    expect_figure(1, [&] { return refused(reason); });
  }
};

constexpr const char* kHead = "GET /ws HTTP/1.1\r\nHost: localhost\r\n";

TEST_F(RefusalsTest, ALimitByAddressIsToldWithAddressLimitAndKey) {
  start({"exempt_loopback=false", "max_connections_per_ip=2", "log_level=debug"});
  const Dial dial{.port = port(), .source = "127.0.0.2"};
  const TestPeer first(dial);
  const TestPeer second(dial);
  const HttpReply reply = answer_to(upgrade_request(), "127.0.0.2");
  EXPECT_EQ(reply.status, 429);
  EXPECT_THAT(reply.body, HasSubstr("too many connections from this address"));
  answer_to(upgrade_request(), "127.0.0.2");
  const std::string why =
      "2 connections from this address, max_connections_per_ip; if it is a proxy, name it in "
      "trusted_proxies";
  server().wait_for_output("Warning: refused 127.0.0.2: " + why);
  server().wait_for_output("Debug: refused (max_connections_per_ip): " + why +
                           " address=127.0.0.2");
  expect_figure(2, [&] { return refused("max_connections_per_ip"); });
  server().signal(SIGTERM);
  expect_exit(0);
  EXPECT_THAT(server().output(), HasSubstr("1 more in 10 s: refused 127.0.0.2: " + why));
}

TEST_F(RefusalsTest, ATrustedProxyThatTellsNoClientIsNamedWithItsKey) {
  start({"exempt_loopback=false", "max_connections_per_ip=1", "trusted_proxies=127.0.0.1"});
  const TestPeer first = connect();
  EXPECT_EQ(answer_to(upgrade_request()).status, 429);
  server().wait_for_output(
      "refused 127.0.0.1: 1 connections from this address, max_connections_per_ip; it is a trusted "
      "proxy that tells no client's address, see trusted_proxy_header");
}

TEST_F(RefusalsTest, AnUpgradeThatLacksSomethingIsToldWhat) {
  start({});
  expect_told(answer_to(std::string(kHead) + "\r\n").body,
              "no Upgrade header: does the proxy pass WebSockets?", "upgrade");
  EXPECT_THAT(answer_to("GET /ws HTTP/1.0\r\n\r\n").body, HasSubstr("HTTP/1.0 cannot upgrade"));
  EXPECT_THAT(answer_to(std::string(kHead) + "Upgrade: websocket\r\n\r\n").body,
              HasSubstr("no 'Connection: Upgrade' header"));
  expect_figure(3, [&] { return refused("upgrade"); });
}

TEST_F(RefusalsTest, WhatIsNoPlainHttpIsToldWhatItLooksLike) {
  start({});
  expect_told(answer_to("\x16\x03\x01\x02").body,
              "TLS on the plain port: use ws:// and http://, or set tls_cert and tls_key",
              "request");
  EXPECT_THAT(answer_to("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").body, HasSubstr("HTTP/2 without"));
  EXPECT_EQ(answer_to("\x01\x02").status, 400);
  expect_figure(3, [&] { return refused("request"); });
}

TEST_F(RefusalsTest, PlainHttpOnTheTlsPortIsTold) {
  const DevCertificate certificate;
  start(certificate.settings());
  const HttpReply reply = answer_to(upgrade_request());
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("plain HTTP on the TLS port"));
  server().wait_for_output(
      "refused 127.0.0.1: plain HTTP on the TLS port: use wss:// and https://");
}

TEST_F(RefusalsTest, APageOfAnotherSiteIsNamed) {
  start({"allowed_origins=https://example.com"});
  const HttpReply reply = answer_to(upgrade_request("/ws", "Origin: https://evil.example\r\n"));
  EXPECT_EQ(reply.status, 403);
  server().wait_for_output(
      "refused 127.0.0.1: the origin https://evil.example is not in allowed_origins");
  EXPECT_EQ(answer_to(upgrade_request("/ws", "Origin: \"evil\"\r\n")).status, 403);
  server().wait_for_output("an origin that cannot be read is not in allowed_origins");
  expect_figure(2, [&] { return refused("allowed_origins"); });
}

TEST_F(RefusalsTest, WhatIsRefusedOfARegistrationIsTold) {
  start({"max_peers=1", "pong_wait=1s"});
  TestPeer alice = connect();
  alice.send("ping", "");
  alice.expect_error(400, "first message must be register");
  server().wait_for_output("refused 127.0.0.1: its first message: first message must be register");
  TestPeer bob = connect();
  bob.send("register", "{}");
  bob.expect_error_like(400, "public_key");
  expect_figure(2, [&] { return refused("first_message"); });
  TestPeer late = connect();
  late.ws().expect_close(1008);
  server().wait_for_output("refused 127.0.0.1: no register within pong_wait");
  expect_figure(1, [&] { return refused("registration_timeout"); });
  TestPeer first = peer("first");
  TestPeer second = connect();
  second.send("register", R"({"public_key":"second"})");
  second.expect_error(503, "server full");
  server().wait_for_output("refused 127.0.0.1: server full, max_peers is 1");
  expect_figure(1, [&] { return refused("max_peers"); });
}

TEST_F(RefusalsTest, WithoutAddressesInTheLogNoneIsNamed) {
  start({"log_addresses=false"});
  answer_to(std::string(kHead) + "\r\n");
  server().wait_for_output("refused a client: no Upgrade header");
}

}  // namespace
}  // namespace peer::test
