// PROXY protocol on the port: raw headers, cut everywhere; who is believed, and for what.
#include "tests/support/dev_certificate.h"
#include "tests/support/run_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

const std::string kRequest = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kLocal = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;

std::string version_1(const std::string& client) {
  const char* family = client.find(':') == std::string::npos ? "TCP4" : "TCP6";
  const char* server = client.find(':') == std::string::npos ? "198.51.100.1" : "2001:db8::ff";
  return fmt("PROXY % % % 40000 443\r\n", family, client, server);
}
/// Of 192.0.2.<last>, with a field behind the addresses.
std::string version_2(char last) {
  return "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x13"s + "\xC0\x00\x02"s + last +
         "\xC6\x33\x64\x01\x9C\x40\x01\xBB"s + "\x05\0\4abcd"s;
}

class ProxyProtocolTest : public ServerTest {
 protected:
  void start_trusting(const std::string& proxies, std::vector<std::string> settings = {}) {
    settings.insert(settings.end(),
                    {"proxy_protocol=require", "trusted_proxies=" + proxies, "loops=1"});
    start(std::move(settings));
  }
  int status(const std::string& header, const std::string& path = "/health",
             const std::string& source = {}) {
    return HttpClient(Dial{.port = port(), .source = source, .preface = header})
        .request("GET", path)
        .status;
  }
  void expect_closed(const std::string& bytes, const std::string& source = {}) {
    TcpStream stream(Dial{.port = port(), .source = source});
    stream.write(bytes);
    stream.expect_end();
  }
  std::int64_t refused(std::string_view reason = "proxy_protocol") {
    HttpClient client(Dial{.port = port(), .preface = kLocal});
    const Json stats = Json::parse(client.request("GET", "/stats").body);
    return stats["network"]["refusals"][reason].number();
  }
};

TEST_F(ProxyProtocolTest, AHeaderMayBeCutAnywhere) {
  start_trusting("127.0.0.1");
  HttpClient barrier(Dial{.port = port(), .preface = kLocal});
  for (const std::string& header : {version_1("192.0.2.1"), version_1("2001:db8::1"),
                                    version_2('\x01'), kLocal, "PROXY UNKNOWN\r\n"s}) {
    const std::string all = header + kRequest;
    for (std::size_t cut = 1; cut <= header.size() + 1; ++cut) {
      TcpStream stream(port());
      stream.write(all.substr(0, cut));
      barrier.request("GET", "/health");  // the one loop has read what came before
      stream.write(all.substr(cut));
      std::string buffer;
      EXPECT_EQ(read_http_reply(stream, buffer).status, 200) << "cut at " << cut;
    }
  }
}

TEST_F(ProxyProtocolTest, TlsComesBehindTheHeader) {
  const DevCertificate certificate;
  start_trusting("127.0.0.1", certificate.settings());
  TestPeer alice(Dial{.port = port(), .preface = version_1("192.0.2.1"), .tls = true});
  alice.register_as("alice");
  TestPeer bob(Dial{.port = port(), .preface = version_2('\x02'), .tls = true});
  bob.register_as("bob");
  alice.round_trip();
}

TEST_F(ProxyProtocolTest, LimitsHoldForTheClientThatItNames) {
  start_trusting("127.0.0.1", {"max_connections_per_ip=1"});
  TestPeer first = connect(Dial{.preface = version_1("192.0.2.1")});
  first.register_as("first");
  expect_closed(version_2('\x01') + kRequest);
  TestPeer second = connect(Dial{.preface = version_2('\x02')});
  second.register_as("second");
  TestPeer third = connect(Dial{.preface = version_1("2001:db8::1")});
  third.register_as("third");
  expect_closed(version_1("2001:db8::2") + kRequest);  // of the same /64
  expect_figure(2, [&] { return refused("max_connections_per_ip"); });
}

TEST_F(ProxyProtocolTest, AClientThatIsGoneMayComeBack) {
  start_trusting("127.0.0.1", {"max_connections_per_ip=1"});
  for (int i = 0; i < 3; ++i) {
    TestPeer peer = connect(Dial{.preface = version_1("192.0.2.1")});
    peer.register_as("peer");
    peer.close();
    const Deadline deadline;
    while (status(kLocal) != 200) ASSERT_FALSE(deadline.passed());
  }
}

TEST_F(ProxyProtocolTest, AnAddressThatItNamesIsNeverThisMachine) {
  start_trusting("127.0.0.1", {"stats_access=loopback", "max_connections_per_ip=1"});
  EXPECT_EQ(status(kLocal, "/stats"), 200);
  EXPECT_EQ(status(version_1("127.0.0.1"), "/stats"), 404);
  TestPeer first = connect(Dial{.preface = version_1("127.0.0.1")});
  first.register_as("first");
  expect_closed(version_1("127.0.0.1") + kRequest);
}

TEST_F(ProxyProtocolTest, WhatHasNoHeaderIsClosedAndTheLogSaysWhatToDo) {
  start_trusting("127.0.0.1");
  expect_closed(kRequest);
  expect_closed("PROXY TCP4 localhost 198.51.100.1 40000 443\r\n" + kRequest);
  expect_closed("\x16\x03\x01\x02");
  expect_figure(3, [&] { return refused(); });
  server().wait_for_output("does not begin with a PROXY header");
}

TEST_F(ProxyProtocolTest, AHeaderThatIsNotCompleteInASecondClosesTheConnection) {
  start_trusting("127.0.0.1");
  expect_closed("PROXY TCP4 192.0.2.1");
  expect_figure(1, [&] { return refused(); });
}

TEST_F(ProxyProtocolTest, OnlyTrustedProxiesAreBelieved) {
  start_trusting("127.0.0.1");
  expect_closed(version_1("192.0.2.1") + kRequest, "127.0.0.2");
  server().wait_for_output("proxy_protocol believes trusted_proxies only");
  EXPECT_EQ(status(kLocal, "/health", "127.0.0.2"), 200);  // says nothing that must be believed
}

TEST_F(ProxyProtocolTest, TheHealthCheckOfThisMachineSpeaksIt) {
  start_trusting("10.0.0.0/8");
  const std::string command =
      fmt("% --health-check --set host=127.0.0.1 --set port=% --set proxy_protocol=require 2>&1",
          PEER_SERVER_BINARY, port());
  const ProgramResult result = run_program(command);
  EXPECT_EQ(result.exit_status, 0) << result.output;
}

TEST_F(ProxyProtocolTest, WithoutItAHeaderIsABadRequest) {
  start({"trusted_proxies=127.0.0.1"});
  EXPECT_EQ(status(version_1("192.0.2.1")), 400);
}

}  // namespace
}  // namespace peer::test
