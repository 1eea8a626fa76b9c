// PeerJS clients at a whole server: what they have to do with its other parts. What they say to
// each other: tests/integration/node/peerjs, against the server of npm as well.
#include "tests/support/admin_test.h"
#include "tests/support/http_client.h"
#include "tests/support/peerjs_client.h"
#include "tests/support/token_signer.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class PeerJsServerTest : public AdminTest {
 protected:
  /// Starts a server with the dialect at "/"; `options`: YAML, `more`: of the section `plugins`.
  void start_peerjs(std::string_view options = {}, std::vector<std::string> settings = {},
                    std::string_view more = {}) {
    admin_port_ = free_port();
    settings.insert(settings.end(), {fmt("admin_port=%", static_cast<int>(admin_port_)),
                                     "admin_token=" + kAdminToken});
    start_with({.settings = std::move(settings),
                .config = fmt("plugins:\n%  dialects:\n    - {name: peerjs, options: {%}}\n", more,
                              options)});
  }
  PeerJsEntry entry(std::string_view id) { return {.port = port(), .id = std::string(id)}; }
  PeerJsClient enter(std::string_view id) { return PeerJsClient::enters(entry(id)); }
  /// docs/dialects.md, "Who such a peer is".
  static std::string fingerprint(std::string_view id, std::string_view realm = "/ peerjs") {
    std::string text(1, '\0');
    for (const std::string_view part :
         {std::string_view("dialect"), std::string_view("peerjs"), realm}) {
      text.append(part).append(1, '\0');
    }
    return fingerprint_of(text.append(id));
  }
};

TEST_F(PeerJsServerTest, AtTheRootTheServersOwnPathsStay) {
  start_peerjs();
  EXPECT_EQ(http_get(port(), "/").status, 200);
  EXPECT_EQ(http_json("/health")["status"].str(), "ok");
  EXPECT_EQ(http_get(port(), "/stats").status, 200);
  EXPECT_EQ(http_get(port(), "/other").status, 404);
  EXPECT_EQ(http_get(port(), "/peerjs/other").status, 404);
  connect().register_as("native");
}

TEST_F(PeerJsServerTest, APageMayReadThatItsKeyIsWrong) {
  start_peerjs({}, {"allowed_origins=https://a.example"});
  const auto ask = [&](std::string_view method, std::string_view path) {
    HttpClient client(port());
    client.stream().write(
        fmt("% % HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n", method, path));
    return client.read_reply();
  };
  for (const char* path : {"/wrong/id", "/wrong/peers", "/peerjs/peers", "/peerjs/id", "/"}) {
    EXPECT_EQ(ask("GET", path).headers["access-control-allow-origin"], "https://a.example") << path;
  }
  EXPECT_EQ(ask("GET", "/wrong/id").status, 404);
}

TEST_F(PeerJsServerTest, WhatAsksForNoWebSocketWhereOneOpensIsToldSo) {
  start_peerjs();
  const HttpReply reply = http_get(port(), "/peerjs?key=peerjs&id=a&token=t");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("does the proxy pass WebSockets?"));
  EXPECT_EQ(http_get(port(), "/ws").body, reply.body);
}

TEST_F(PeerJsServerTest, AClientIsAPeerLikeAnyOther) {
  start_peerjs();
  PeerJsClient alice = enter("alice");
  wait_for_peers(1);
  const AdminReply found = admin().get("/v1/peers/" + fingerprint("alice"));
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.body["meta"], R"({"dialect":"peerjs","id":"alice"})"_json);
  const std::string home = found.body["namespaces"][0].str();
  const Json listed = admin().get("/v1/namespaces").body["namespaces"][0];
  EXPECT_EQ(listed["namespace"].str(), home);
  EXPECT_EQ(listed["peers"].number(), 1);
  alice.close();
  wait_for_peers(0);
}

TEST_F(PeerJsServerTest, ForeignIdsAndNativeAliasesAreSeparate) {
  start_peerjs();
  PeerJsClient alice = enter("alice");
  PeerJsClient bob = enter("bob");
  TestPeer native = peer("alice");
  EXPECT_EQ(native.alias(), "alice");
  bob.send_to("alice", "1");
  alice.expect("bob", "1");
  native.expect_silence();
}

TEST_F(PeerJsServerTest, NothingIsToldOfThoseWhoComeAndGo) {
  start_peerjs();
  PeerJsClient alice = enter("alice");
  PeerJsClient bob = enter("bob");
  enter("carol").close();
  bob.send_to("alice", "1");
  alice.expect("bob", "1");
}

TEST_F(PeerJsServerTest, AnotherPathOrKeyIsAnotherRealm) {
  start_with({.config = "plugins:\n  dialects:\n"
                        "    - {name: peerjs}\n"
                        "    - {name: peerjs, options: {key: two}}\n"
                        "    - {name: peerjs, options: {path: /app}}\n"});
  PeerJsClient one = enter("alice");
  PeerJsEntry other = entry("alice");
  other.key = "two";
  PeerJsClient two = PeerJsClient::enters(other);
  other.key = "peerjs";
  other.path = "/app/";
  PeerJsClient three = PeerJsClient::enters(other);
  three.send_to("alice", "3");
  two.send_to("alice", "2");
  one.send_to("alice", "1");
  one.expect("alice", "1");
  two.expect("alice", "2");
  three.expect("alice", "3");
  other.path = "/";
  other.key = "three";
  PeerJsClient::knocks(other).expect_error("Invalid key provided");
  EXPECT_EQ(http_get(port(), "/two/id").status, 200);
  EXPECT_EQ(http_get(port(), "/app/peerjs/id").status, 200);
}

TEST_F(PeerJsServerTest, TwoOfTheSamePathAndKeyStopTheStart) {
  ServerProcess refused({.config = "plugins: {dialects: [{name: peerjs}, {name: peerjs}]}\n"});
  EXPECT_EQ(refused.wait_exit(), 78);
}

TEST_F(PeerJsServerTest, ClientsAndNativePeersMeetInANamespace) {
  start_peerjs("namespace: lobby");
  TestPeer native = peer_in("lobby", "native");
  PeerJsClient alice = enter("alice");
  EXPECT_EQ(native.next("peer_joined")["from"].str(), fingerprint("alice"));
  alice.send_to(native.fingerprint(), R"({"sdp":1.50})");
  const Json offer = native.next("signal");
  EXPECT_EQ(offer["from"].str(), fingerprint("alice"));
  EXPECT_THAT(native.last_text(),
              HasSubstr(R"("payload":{"type":"OFFER","payload":{"sdp":1.50}})"));
  native.send_to(fingerprint("alice"), R"({"type":"ANSWER","payload":{"sdp":2.50}})");
  alice.expect(native.fingerprint(), R"({"sdp":2.50})", "ANSWER");
  native.send_to(fingerprint("alice"), R"({"signal_type":"offer"})");  // nothing for PeerJS
  native.send("broadcast", R"({"namespace":"lobby","data":1})");
  native.send_to(fingerprint("alice"), R"({"type":"LEAVE"})");
  EXPECT_EQ(alice.next(), fmt(R"({"type":"LEAVE","src":"%","dst":"alice"})", native.fingerprint()));
  alice.close();
  EXPECT_EQ(native.next("peer_left")["from"].str(), fingerprint("alice"));
}

TEST_F(PeerJsServerTest, ANativePeerPassesForNobody) {
  start_peerjs("namespace: lobby");
  TestPeer native = peer_in("lobby", "native");
  PeerJsClient alice = enter("alice");
  native.send_to(fingerprint("alice"),
                 R"({"type":"OFFER","src":"bob","dst":"alice","payload":1,"src":"bob"})");
  alice.expect(native.fingerprint(), "1");
  native.send_to(fingerprint("alice"), R"({"type":"OFFER","src":"bob","dst":"alice","payload":1})");
  alice.expect(native.fingerprint(), "1");
}

TEST_F(PeerJsServerTest, AnIdThatLooksLikeAFingerprintIsReached) {
  start_peerjs("namespace: lobby");
  const std::string id = fingerprint_of("nobody");
  PeerJsClient alice = enter("alice");
  PeerJsClient bob = enter(id);
  alice.send_to(id, "1");
  bob.expect("alice", "1");
}

TEST_F(PeerJsServerTest, WhoIsBannedIsTold) {
  start_peerjs();
  PeerJsClient bob = enter("bob");
  AdminClient client = admin();
  EXPECT_EQ(client.put("/v1/bans/" + fingerprint("alice"), R"({"seconds":3600})").status, 200);
  PeerJsClient::knocks(entry("alice")).expect_error("banned");
  EXPECT_EQ(client.remove("/v1/bans/" + fingerprint("alice")).status, 200);
  enter("alice");
}

TEST_F(PeerJsServerTest, SoIsABannedAddress) {
  start_peerjs({}, {"trusted_proxies=127.0.0.1"});
  EXPECT_EQ(admin().put("/v1/bans/192.0.2.7", R"({"seconds":3600})").status, 200);
  PeerJsEntry banned = entry("alice");
  banned.headers = "X-Forwarded-For: 192.0.2.7\r\n";
  PeerJsClient::knocks(banned).expect_error("banned");
  enter("alice");
}

TEST_F(PeerJsServerTest, AnOperatorsCloseIsTold) {
  start_peerjs();
  PeerJsClient alice = enter("alice");
  wait_for_peers(1);
  EXPECT_EQ(admin().remove("/v1/peers/" + fingerprint("alice") + "?code=4000&reason=spam").status,
            200);
  alice.expect_error("spam");
}

TEST_F(PeerJsServerTest, AuthPluginsSeeTheQueryAndTheirWordsAreTold) {
  const std::string secret = "0123456789abcdef0123456789abcdef";
  start_peerjs(
      {}, {},
      fmt("  auth: {name: jwt, options: {keys: [{algorithm: HS256, secret: %}]}}\n", secret));
  PeerJsClient::knocks(entry("alice")).expect_error("authentication failed");
  PeerJsEntry with = entry("alice");
  with.more = "&access_token=" + signed_token(secret, "HS256", R"({"sub":"a","exp":1})");
  PeerJsClient::knocks(with).expect_error("token expired");
  with.more = "&access_token=" + signed_token(secret, "HS256", R"({"sub":"a","exp":9999999999})");
  PeerJsClient::enters(with);
}

TEST_F(PeerJsServerTest, AFullServerSaysSoInTheirWords) {
  start_peerjs({}, {"max_peers=1"});
  PeerJsClient alice = enter("alice");
  PeerJsClient::knocks(entry("bob")).expect_error("Server has reached its concurrent user limit");
}

TEST_F(PeerJsServerTest, SoDoesALimitOfConnections) {
  start_peerjs({}, {"max_connections_per_ip=1", "exempt_loopback=false"});
  PeerJsClient alice = enter("alice");
  PeerJsClient::knocks(entry("bob")).expect_error("Server has reached its concurrent user limit");
}

TEST_F(PeerJsServerTest, PagesOfOtherOriginsAreKeptOut) {
  start_peerjs({}, {"allowed_origins=https://app.example"});
  PeerJsEntry page = entry("alice");
  page.headers = "Origin: https://other.example\r\n";
  PeerJsClient refused = PeerJsClient::knocks(page);
  EXPECT_THAT(refused.next(), HasSubstr(R"({"type":"ERROR","payload":{"msg":")"));
  refused.expect_end();
  page.headers = "Origin: https://app.example\r\n";
  PeerJsClient::enters(page);
  HttpReply reply =
      HttpClient(port()).request("GET", "/peerjs/id", "Origin: https://app.example\r\n");
  EXPECT_EQ(reply.headers["access-control-allow-origin"], "https://app.example");
  reply = HttpClient(port()).request("GET", "/peerjs/id", "Origin: https://other.example\r\n");
  EXPECT_EQ(reply.headers.count("access-control-allow-origin"), 0U);
}

TEST_F(PeerJsServerTest, IdsThatWillNotDoAreRefused) {
  start_peerjs();
  for (const std::string& id : {std::string(300, 'a'), std::string("a%00b"), std::string("%ff")}) {
    PeerJsClient::knocks(entry(id)).expect_error(
        "No id, token, or key supplied to websocket server");
  }
}

TEST_F(PeerJsServerTest, WhatWaitsIsBounded) {
  start_peerjs({}, {"send_buffer_size=3"});
  PeerJsClient alice = enter("alice");
  for (int i = 0; i < 10; ++i) alice.send_to("bob", std::to_string(i));
  alice.send_to("bob", "10", "LEAVE");
  for (int i = 3; i < 10; ++i) alice.expect_expired("bob");  // these never wait
  alice.send_to("alice", "0");
  alice.expect("alice", "0");  // all that was sent before has been handled
  PeerJsClient bob = enter("bob");
  for (int i = 0; i < 3; ++i) bob.expect("alice", std::to_string(i));
  alice.send_to("bob", "10");
  bob.expect("alice", "10");
}

TEST_F(PeerJsServerTest, WhoSpeaksMoreThanItMayIsNotHeardAndStays) {
  start_peerjs({}, {"rate_limit_per_sec=1", "rate_limit_burst=5"});
  PeerJsClient alice = enter("alice");
  PeerJsClient bob = enter("bob");
  for (int i = 0; i < 20; ++i) alice.send_to("bob", std::to_string(i));
  bob.expect("alice", "0");
  bob.send_to("alice", "1");
  alice.expect("bob", "1");  // and no error before it
}

TEST_F(PeerJsServerTest, AtTheEndTheyAreClosedWithoutAWord) {
  start_peerjs();
  PeerJsClient alice = enter("alice");
  server().signal(SIGTERM);
  alice.expect_end();
  expect_exit(0);
}

}  // namespace
}  // namespace peer::test
