// The shipped plugin auth_http: docs/authentication.md, "Your own endpoint: auth_http".
#include <sys/resource.h>

#include <future>

#include "tests/integration/plugins/plugin_server_test.h"
#include "tests/support/free_port.h"
#include "tests/support/http_endpoint.h"
#include "tests/support/listening_program.h"
#include "tests/support/token_signer.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kTokenSecret = "a secret of thirty-two bytes or more";

std::string allow(std::string_view more = {}) {
  return http_answer("200 OK", fmt(R"({"allow":true%})", more));
}

class AuthHttpServerTest : public PluginServerTest {
 protected:
  static std::string entry(std::string_view url, std::string_view more) {
    return fmt("{name: http, options: {url: '%'%}}", url, more);
  }
  void start_http(std::string_view url, std::string_view more = {},
                  std::vector<std::string> settings = {}) {
    start_with({.settings = std::move(settings),
                .config = fmt("plugins:\n  auth: %\n", entry(url, more))});
  }
  static std::string register_as(std::string_view key, std::string_view more = {}) {
    return message("register", fmt(R"({"public_key":"%","alias":"%"%})", key, key, more));
  }
  TestPeer knock(std::string_view key, std::string_view more = {}) {
    TestPeer peer = connect();
    peer.send(register_as(key, more));
    return peer;
  }
  TestPeer admitted(std::string_view key) {
    TestPeer peer = knock(key);
    peer.next("registered");
    return peer;
  }
  std::string metrics() { return http_get(server().metrics_port(), "/metrics").body; }
  static void expect_denied(TestPeer peer, std::string_view words) {
    peer.expect_error(401, words);
    peer.ws().expect_close(4003, std::string(words));
  }
};

TEST_F(AuthHttpServerTest, TheEndpointIsAskedWithWhatTheClientHasSent) {
  std::promise<std::string> asked;
  const HttpEndpoint endpoint([&](const HttpEndpoint::Request& request) {
    asked.set_value(request.body);
    return allow(R"(,"identity":"ann","alias":"Ann","namespaces":["lobby"])");
  });
  start_http(endpoint.url(), ", headers: [X-Tag], query: true, identity_prefix: 'shop:'");
  TestPeer ann = connect({.path = "/ws?room=7",
                          .headers = "x-tag: blue\r\nX-Secret: s\r\n"
                                     "Origin: https://game.example\r\n"});
  ann.send(register_as("k", R"(,"more":[1])"));
  const Json registered = ann.next("registered");
  EXPECT_EQ(registered["payload"]["fingerprint"].str(),
            fingerprint_of(std::string("\0identity\0shop:ann", 18)));
  EXPECT_EQ(registered["payload"]["alias"].str(), "Ann");
  EXPECT_EQ(Json::parse(asked.get_future().get()),
            R"({"register":{"public_key":"k","alias":"k","more":[1]},"address":"127.0.0.1",)"
            R"("origin":"https://game.example","headers":{"X-Tag":"blue"},"query":"room=7"})"_json);
  ann.join("lobby");
  ann.expect_refused(message("join", R"({"namespace":"den"})"), 403, "not allowed");
}

TEST_F(AuthHttpServerTest, ADenialIsToldToTheClient) {
  const HttpEndpoint endpoint(http_answer("200 OK", R"({"allow":false,"message":"banned"})"));
  start_http(endpoint.url());
  expect_denied(knock("alice"), "banned");
}

// SSRF: an endpoint, or whoever has taken it over, leads the server nowhere.
TEST_F(AuthHttpServerTest, ARedirectLeadsNowhere) {
  const HttpEndpoint inner(allow());
  const HttpEndpoint endpoint(http_answer("307 Temporary Redirect", "",
                                          "Location: " + inner.url("/latest/meta-data/") + "\r\n"));
  start_http(endpoint.url());
  expect_denied(knock("alice"), "authentication failed");
  server().wait_for_output("cannot ask its url: it answers 307, expected 200");
  EXPECT_EQ(inner.connections(), 0);
}

TEST_F(AuthHttpServerTest, ADeadEndpointLetsNobodyIn) {
  start_http(fmt("http://127.0.0.1:%/", int(free_port())));
  expect_denied(knock("alice"), "authentication is not available, try again later");
  server().wait_for_output("plugin auth 'http': cannot ask its url: cannot connect to it");
}

TEST_F(AuthHttpServerTest, ADeadEndpointLetsEverybodyInWhereThatIsWanted) {
  start_http(fmt("http://127.0.0.1:%/", int(free_port())), ", on_error: allow");
  TestPeer alice = admitted("alice");
  alice.join("lobby");
  server().wait_for_output("on_error: allow lets everybody in while its url does not answer");
}

TEST_F(AuthHttpServerTest, AThousandThatWaitDelayNobodyElse) {
  // A descriptor for each, here and in the server.
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  constexpr int kWaiting = 1000;
  std::promise<void> release;
  const HttpEndpoint endpoint(
      [released = release.get_future().share()](const HttpEndpoint::Request& request) {
        if (request.body.find("quick") == std::string::npos) released.wait();
        return allow();
      });
  start_with({.settings = {"loops=2", "pong_wait=5m", "ping_interval=4m"},
              .config = fmt("plugins:\n  auth:\n    - {name: jwt, options: {keys: [{algorithm: "
                            "HS256, secret: %}], identity_prefix: 'jwt:'}}\n    - %\n",
                            kTokenSecret,
                            entry(endpoint.url(),
                                  ", max_concurrent: 8, timeout: 1m, "
                                  "identity_prefix: 'http:'"))});
  TestPeer alice = admitted("quick-alice");
  TestPeer bob = admitted("quick-bob");
  alice.join("lobby");
  bob.join("lobby");
  alice.next("peer_joined");
  std::vector<TestPeer> waiting;
  waiting.reserve(kWaiting);
  for (int i = 0; i < kWaiting; ++i) waiting.push_back(knock(fmt("waiting-%", i)));
  endpoint.wait_for_requests(2 + 8);
  for (int i = 0; i < 200; ++i) {
    alice.send_to("quick-bob", fmt("%", i));
    EXPECT_EQ(bob.next("signal")["payload"].number(), i);
    bob.send_to("quick-alice", fmt("%", i));
    EXPECT_EQ(alice.next("signal")["payload"].number(), i);
  }
  // Whoever is judged by another plugin comes in at once, and health checks are answered.
  knock("carol", fmt(R"(,"token":"%")",
                     signed_token(kTokenSecret, "HS256", R"({"sub":"carol","exp":4000000000})")))
      .next("registered");
  EXPECT_EQ(http_json("/stats")["network"]["connections"].exists(), true);
  EXPECT_EQ(endpoint.requests(), 2 + 8);
  release.set_value();
  for (TestPeer& peer : waiting) peer.next("registered");
  EXPECT_EQ(endpoint.requests(), 2 + kWaiting);
  EXPECT_EQ(endpoint.most_at_once(), 8);
  EXPECT_LE(endpoint.connections(), 8);
}

TEST_F(AuthHttpServerTest, ThoseWhoWaitInVainAreDenied) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return allow();
  });
  start_http(endpoint.url(), ", max_concurrent: 8, timeout: 2s");
  std::vector<TestPeer> waiting;
  for (int i = 0; i < 300; ++i) waiting.push_back(knock(fmt("waiting-%", i)));
  for (TestPeer& peer : waiting) {
    peer.expect_error(401, "authentication is not available, try again later");
  }
  release.set_value();
}

TEST_F(AuthHttpServerTest, WhoGoesWhileWaitingIsNotAskedAbout) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return allow();
  });
  start_http(endpoint.url(), ", max_concurrent: 1, timeout: 30s",
             {"metrics_enabled=true", "metrics_port=0"});
  TestPeer first = knock("first");
  endpoint.wait_for_requests(1);
  {
    std::vector<TestPeer> gone;
    for (int i = 0; i < 20; ++i) gone.push_back(knock(fmt("gone-%", i)));
    // Their register messages are read before their end is.
    for (TestPeer& peer : gone) peer.ws().stream().shutdown_writing();
    for (TestPeer& peer : gone) peer.ws().stream().expect_end();
  }
  TestPeer last = knock("last");
  release.set_value();
  first.next("registered");
  last.next("registered");
  EXPECT_EQ(endpoint.requests(), 2);
  EXPECT_THAT(metrics(), HasSubstr(R"(peer_server_plugin_gone_total{kind="auth",name="http"} 20)"));
}

TEST_F(AuthHttpServerTest, AGrantIsAskedAnewBeforeItEnds) {
  const HttpEndpoint endpoint(
      [](const HttpEndpoint::Request&) { return allow(R"(,"identity":"a","expires_in":1)"); });
  start_http(endpoint.url());
  TestPeer alice = admitted("alice");
  // Every half second: so these take longer than the first grant.
  endpoint.wait_for_requests(4);
  alice.round_trip();
}

TEST_F(AuthHttpServerTest, WhoIsRefusedAnewIsClosed) {
  const HttpEndpoint endpoint([](const HttpEndpoint::Request& request) {
    return request.number < 3 ? allow(R"(,"expires_in":1)")
                              : http_answer("200 OK", R"({"allow":false,"message":"banned"})");
  });
  start_http(endpoint.url());
  TestPeer alice = admitted("alice");
  alice.expect_error(401, "authentication expired");
  alice.ws().expect_close(4003, "authentication expired");
  EXPECT_EQ(endpoint.requests(), 3);
}

TEST_F(AuthHttpServerTest, WhoCannotBeAskedAboutAnewIsClosedAtTheEndOfItsGrant) {
  const HttpEndpoint endpoint([](const HttpEndpoint::Request& request) {
    return request.number == 1 ? allow(R"(,"expires_in":1)") : http_answer("500 Broken", "");
  });
  start_http(endpoint.url());
  TestPeer alice = admitted("alice");
  endpoint.wait_for_requests(2);
  alice.round_trip();
  alice.expect_error(401, "authentication expired");
  alice.ws().expect_close(4003, "authentication expired");
}

TEST_F(AuthHttpServerTest, CookiesOfAnyPageAreWarnedOfAtTheStart) {
  const HttpEndpoint endpoint(allow());
  start_http(endpoint.url(), ", headers: [Cookie]");
  server().wait_for_output("any page could register in the name of a visitor");
  start_http(endpoint.url(), ", headers: [Cookie]",
             {R"(allowed_origins=["https://game.example"])"});
  admitted("alice");
  EXPECT_THAT(log_at_the_end(), Not(HasSubstr("any page could register")));
}

TEST_F(AuthHttpServerTest, AServerWhoseEndpointHangsStopsAtOnce) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return std::string();
  });
  start_http(endpoint.url(), ", timeout: 1m");
  TestPeer waiting = knock("alice");
  endpoint.wait_for_requests(1);
  server().signal(SIGTERM);
  expect_exit(0, Deadline(5s));
  release.set_value();
}

/// The first block of that language on a page.
std::string printed_block(const std::string& page, std::string_view language) {
  const std::string begin = fmt("\n```%\n", language);
  const std::size_t at = page.find(begin);
  if (at == page.npos) throw std::runtime_error("no block in " + std::string(language));
  return page.substr(at + begin.size(), page.find("\n```", at + begin.size()) - at - begin.size());
}

TEST_F(AuthHttpServerTest, TheEndpointOfThePageRunsAsPrinted) {
  const std::string page = read_file(std::string(PEER_SOURCE_DIR) + "/docs/authentication.md");
  const std::string section = page.substr(page.find("\n## Your own endpoint: auth_http\n"));
  const TempDir dir;
  const std::string script = dir.write("who.mjs", printed_block(section, "js"));
  const std::uint16_t its_port = free_port();
  ListeningProgram endpoint;
  endpoint.start({"/usr/bin/env", "node", script, std::to_string(its_port)}, its_port);
  std::string config = printed_block(section, "yaml");
  const std::size_t printed_port = config.find("8081");
  ASSERT_NE(printed_port, config.npos);
  start_with({.config = config.replace(printed_port, 4, std::to_string(its_port))});
  TestPeer alice = knock("k", R"(,"user":"alice","password":"wonderland")");
  EXPECT_EQ(alice.next("registered")["payload"]["fingerprint"].str(),
            fingerprint_of(std::string("\0identity\0alice", 15)));
  alice.join("game-7");
  alice.expect_refused(message("join", R"({"namespace":"den"})"), 403, "not allowed");
  expect_denied(knock("k", R"(,"user":"alice","password":"builder")"),
                "unknown user or wrong password");
  expect_denied(knock("k"), "unknown user or wrong password");
}

}  // namespace
}  // namespace peer::test
