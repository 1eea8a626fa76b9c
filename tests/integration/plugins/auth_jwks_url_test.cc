// Keys from a URL, seen from outside: plugins/auth_jwt/README.md, "Options".
#include <future>

#include "tests/integration/plugins/plugin_server_test.h"
#include "tests/support/scripted_server.h"
#include "tests/support/token_signer.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

constexpr const char* kClaims = R"({"sub":"alice","exp":4000000000})";
constexpr const char* kOwnSecret = "a secret of thirty-two bytes or more";

class AuthJwksUrlTest : public PluginServerTest {
 protected:
  std::string jwks() const { return fmt(R"({"keys":[%]})", key_.jwk(R"(,"kid":"url")")); }
  void start_fetching(const ScriptedServer& source, std::string_view more = {}) {
    start_with({.config = fmt("plugins:\n  auth: {name: jwt, options: {jwks_url: '%'%}}\n",
                              source.url(), more)});
  }
  TestPeer knock(std::string_view token) {
    TestPeer peer = connect();
    peer.send(message("register", fmt(R"({"public_key":"alice","token":"%"})", token)));
    return peer;
  }
  std::string token(std::string_view kid = "url") const {
    return signed_token(key_, "EdDSA", kClaims, fmt(R"(,"kid":"%")", kid));
  }

  const SigningKey key_ = SigningKey::ed25519();
};

TEST_F(AuthJwksUrlTest, ALoginThatComesBeforeTheKeysWaitsForThem) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  const ScriptedServer source([&, released](int connection, const std::string&) {
    released.wait();
    ScriptedServer::write(connection, ok(jwks()));
  });
  start_fetching(source, fmt(", keys: [{kid: own, algorithm: HS256, secret: %}]", kOwnSecret));
  TestPeer waiting = knock(token());
  // Others are not held up by it.
  knock(signed_token(kOwnSecret, "HS256", kClaims, R"(,"kid":"own")")).next("registered");
  release.set_value();
  waiting.next("registered");
}

#ifdef PEER_NAMED_HOSTS
TEST_F(AuthJwksUrlTest, TheFirstAddressThatTakesAConnectionIsAsked) {
  const ScriptedServer source(ok(jwks()));
  const TempDir dir;
  // Nobody listens at the first two, and the third is no address for http.
  const std::string hosts = dir.write("hosts",
                                      "keys.test 127.0.0.2\nkeys.test ::1\nkeys.test 192.0.2.1\n"
                                      "keys.test 127.0.0.1\n");
  start_with({.config = fmt("plugins:\n  auth: {name: jwt, options: {jwks_url: "
                            "'http://keys.test:%/jwks'}}\n",
                            source.port()),
              .environment = {{"TEST_HOSTS", hosts},
                              {"LD_PRELOAD", PEER_NAMED_HOSTS},
                              {"ASAN_OPTIONS", "verify_asan_link_order=0"}}});
  knock(token()).next("registered");
}
#endif

TEST_F(AuthJwksUrlTest, AnyNumberOfUnknownKeysIsOneFetch) {
  const ScriptedServer source(
      [&](int connection, const std::string&) { ScriptedServer::write(connection, ok(jwks())); });
  start_fetching(source);
  knock(token()).next("registered");
  for (int i = 0; i < 50; ++i) {
    knock(token(fmt("made-up-%", i))).expect_error(401, "token: unknown kid");
  }
  EXPECT_EQ(source.requests(), 1);
}

TEST_F(AuthJwksUrlTest, WithoutKeysNobodyIsLetInAndTheLogSaysWhy) {
  const ScriptedServer elsewhere(
      [&](int connection, const std::string&) { ScriptedServer::write(connection, ok(jwks())); });
  const ScriptedServer source("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + elsewhere.url() +
                              "\r\nContent-Length: 0\r\n\r\n");
  start_fetching(source);
  knock(token()).expect_error(401, "token: unknown kid");
  server().wait_for_output("cannot fetch keys from its jwks_url: it answers 307, expected 200");
  EXPECT_EQ(elsewhere.requests(), 0);
}

TEST_F(AuthJwksUrlTest, AServerWhoseKeysHangStopsAtOnce) {
  std::promise<void> asked;
  const ScriptedServer source([&](int connection, const std::string&) {
    asked.set_value();
    ScriptedServer::await_end(connection);
  });
  start_fetching(source, ", jwks_timeout: 1m");
  TestPeer waiting = knock(token());
  asked.get_future().wait();
  server().signal(SIGTERM);
  expect_exit(0, Deadline(5s));
}

}  // namespace
}  // namespace peer::test
