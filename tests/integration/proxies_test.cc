// docs/proxies.md and docs/listening.md: what they print for nginx, HAProxy and Caddy works as
// printed, but for the ports.
#include "tests/integration/reverse_proxy.h"
#include "tests/support/free_port.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using Kind = ReverseProxy::Kind;

/// What stands in the first fence of that language on that page that holds `word`.
std::string printed(const std::string& language, const std::string& page = "proxies.md",
                    const std::string& word = {}) {
  const std::string text = read_file(PEER_SOURCE_DIR "/docs/" + page);
  const std::string fence = "\n```" + language + "\n";
  for (auto begin = text.find(fence); begin != std::string::npos; begin = text.find(fence, begin)) {
    begin += fence.size();
    const std::string found = text.substr(begin, text.find("```\n", begin) - begin);
    if (found.find(word) != std::string::npos) return found;
  }
  throw std::runtime_error("no fence of " + language + " on " + page);
}

std::string printed(Kind kind, std::uint16_t port, std::uint16_t server_port) {
  const std::string address = fmt("127.0.0.1:%", port);
  std::string config;
  switch (kind) {
    case Kind::kNginx:
      config = printed("nginx");
      replace_in(config, "listen 80;", "listen " + address + ";");
      break;
    case Kind::kNginxStream:
      throw std::logic_error("docs/proxies.md is about HTTP");
    case Kind::kHaproxy:
      config = printed("haproxy");
      replace_in(config, "bind :80", "bind " + address);
      break;
    case Kind::kCaddy:
      config = printed("caddyfile");
      replace_in(config, ":80 {", fmt(":% {", port));
      break;
  }
  replace_in(config, fmt("127.0.0.1:%", 8080), fmt("127.0.0.1:%", server_port));
  return config;
}

class ProxiesTest : public ServerTest, public testing::WithParamInterface<Kind> {
 protected:
  void start_behind_proxy() {
    start_with(
        {.settings = {"max_connections_per_ip=1", "log_level=debug"}, .config = printed("yaml")});
    const std::uint16_t own = free_port();
    proxy_.emplace(GetParam(), printed(GetParam(), own, port()), own);
  }
  /// A client at that address, which names itself in every way that a proxy may.
  Dial dial(const char* source) const {
    return Dial{.port = proxy_->port(),
                .source = source,
                .headers =
                    "X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.2\r\n"
                    "Forwarded: for=192.0.2.3\r\n"};
  }

  std::optional<ReverseProxy> proxy_;
};

INSTANTIATE_TEST_SUITE_P(, ProxiesTest, testing::Values(Kind::kNginx, Kind::kHaproxy, Kind::kCaddy),
                         [](const auto& kind) { return name_of(kind.param); });

TEST_P(ProxiesTest, AsPrintedWebSocketsPassAndEachClientCountsByItsOwnAddress) {
  start_behind_proxy();
  TestPeer alice(dial("127.0.0.2"));
  alice.register_as("alice", R"("alias":"alice")");
  server().wait_for_output("connected address=127.0.0.2");
  const std::string large(50'000, 'x');
  alice.join("lobby");
  TestPeer bob(dial("127.0.0.3"));
  bob.register_as("bob");
  bob.join("lobby");
  bob.send_to("alice", fmt(R"("%")", large));
  EXPECT_EQ(alice.next("peer_joined")["from"].str(), bob.fingerprint());
  EXPECT_EQ(alice.next("signal")["payload"].str(), large);

  TcpStream second(dial("127.0.0.2"));
  second.write(upgrade_request("/ws"));
  std::string buffer;
  EXPECT_EQ(read_http_reply(second, buffer).status, 429);
  EXPECT_EQ(http_get(proxy_->port(), "/health").status, 200);
}

TEST_P(ProxiesTest, AsPrintedCloseCodesReachTheClient) {
  start_behind_proxy();
  TestPeer old(dial("127.0.0.2"));
  old.register_as("alice");
  TestPeer newer(dial("127.0.0.3"));
  newer.register_as("alice");
  old.ws().expect_close(4001, "replaced by a newer connection");
  server().signal(SIGTERM);
  newer.ws().expect_close(1001);
  expect_exit(0);
}

/// Passes TCP on and names its client in front of it; the server believes nobody else.
class ProxyHeaderTest : public ServerTest, public testing::WithParamInterface<Kind> {
 protected:
  void start_behind_proxy() {
    std::string config = printed("yaml", "listening.md", "proxy_protocol");
    replace_in(config, "10.0.0.0/8", "127.0.0.1");
    start_with({.settings = {"max_connections_per_ip=1", "log_level=debug"}, .config = config});
    const std::uint16_t own = free_port();
    config = printed(GetParam() == Kind::kHaproxy ? "haproxy" : "nginx", "listening.md");
    GetParam() == Kind::kHaproxy
        ? replace_in(config, "bind :443", fmt("bind 127.0.0.1:%", own))
        : replace_in(config, "listen 443;", fmt("listen 127.0.0.1:%;", own));
    replace_in(config, fmt("127.0.0.1:%", 8080), fmt("127.0.0.1:%", port()));
    proxy_.emplace(GetParam(), config, own);
  }
  Dial dial(const char* source) const { return {.port = proxy_->port(), .source = source}; }

  std::optional<ReverseProxy> proxy_;
};

INSTANTIATE_TEST_SUITE_P(, ProxyHeaderTest, testing::Values(Kind::kNginxStream, Kind::kHaproxy),
                         [](const auto& kind) { return name_of(kind.param); });

TEST_P(ProxyHeaderTest, AsPrintedEachClientCountsByTheAddressThatTheProxyNames) {
  start_behind_proxy();
  TestPeer alice(dial("127.0.0.2"));
  alice.register_as("alice", R"("alias":"alice")");
  server().wait_for_output("connected address=127.0.0.2");
  TestPeer bob(dial("127.0.0.3"));
  bob.register_as("bob");
  server().wait_for_output("connected address=127.0.0.3");
  alice.join("lobby");
  bob.join("lobby");
  bob.send_to("alice", "1");
  EXPECT_EQ(alice.next("peer_joined")["from"].str(), bob.fingerprint());
  EXPECT_EQ(alice.next("signal")["from"].str(), bob.fingerprint());

  TcpStream second(dial("127.0.0.2"));
  second.write(upgrade_request("/ws"));
  second.expect_end();
  EXPECT_EQ(http_get(proxy_->port(), "/health").status, 200);
}

}  // namespace
}  // namespace peer::test
