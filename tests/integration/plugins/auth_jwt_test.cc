// The shipped plugin auth_jwt: docs/authentication.md, "Tokens: auth_jwt".
#include <chrono>
#include <filesystem>

#include "tests/integration/plugins/plugin_server_test.h"
#include "tests/support/token_signer.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "a secret of thirty-two bytes or more";

std::int64_t seconds_from_now(int seconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds;
}

/// Claims of alice for an hour; `more`: further members.
std::string claims_of(std::string_view name, std::string_view more = {}) {
  return fmt(R"({"sub":"%","exp":%%})", name, static_cast<long long>(seconds_from_now(3600)), more);
}

std::string secret_token(std::string_view name, std::string_view more = {}) {
  return signed_token(kSecret, "HS256", claims_of(name, more));
}

class AuthJwtTest : public PluginServerTest {
 protected:
  /// Starts a server with these options of auth_jwt, in YAML's flow style.
  void start_jwt(std::string_view options, std::map<std::string, std::string> environment = {}) {
    start_with({.settings = {"log_level=debug"},
                .config = fmt("plugins:\n  auth: {name: jwt, options: {%}}\n", options),
                .environment = std::move(environment)});
  }
  void start_with_secret(std::string_view more = {}) {
    start_jwt(fmt("keys: [{algorithm: HS256, secret: %}]%", kSecret, more));
  }
  std::string public_key_option(const SigningKey& key, std::string_view algorithm) {
    return fmt("keys: [{algorithm: %, public_key_file: %}]", algorithm,
               dir_.write(fmt("%.pem", algorithm), key.public_pem()));
  }
  /// A connection that registers with `token` in the payload.
  TestPeer knock(std::string_view token, std::string_view key = "alice") {
    TestPeer peer = connect();
    peer.send(message("register", fmt(R"({"public_key":"%","token":"%"})", key, token)));
    return peer;
  }
  void expect_let_in(std::string_view token) { knock(token).next("registered"); }
  void expect_denied(std::string_view token, std::string_view words) {
    TestPeer peer = knock(token);
    peer.expect_error(401, words);
    peer.ws().expect_close(4003, std::string(words));
  }

  const TempDir dir_;
};

TEST_F(AuthJwtTest, ATokenOfEachAlgorithmIsLetIn) {
  const SigningKey rsa = SigningKey::rsa();
  const SigningKey p256 = SigningKey::ec("P-256");
  const SigningKey p384 = SigningKey::ec("P-384");
  const SigningKey ed25519 = SigningKey::ed25519();
  const std::vector<std::pair<std::string, const SigningKey*>> keys{
      {"RS256", &rsa},  {"RS384", &rsa},  {"RS512", &rsa},    {"PS256", &rsa},
      {"ES256", &p256}, {"ES384", &p384}, {"EdDSA", &ed25519}};
  std::string options;
  for (const auto& [algorithm, key] : keys) {
    options += fmt("{kid: %, algorithm: %, public_key_file: %}, ", algorithm, algorithm,
                   dir_.write(algorithm, key->public_pem()));
  }
  const std::string secret(64, 's');
  for (const char* algorithm : {"HS256", "HS384", "HS512"}) {
    options += fmt("{kid: %, algorithm: %, secret: %}, ", algorithm, algorithm, secret);
  }
  start_jwt("keys: [" + options + "]");
  for (const auto& [algorithm, key] : keys) {
    SCOPED_TRACE(algorithm);
    const std::string kid = fmt(R"(,"kid":"%")", algorithm);
    expect_let_in(signed_token(*key, algorithm, claims_of("alice"), kid));
    expect_denied(signed_token(*key, algorithm, claims_of("alice"), kid) + "AAAA",
                  "wrong signature");
  }
  for (const char* algorithm : {"HS256", "HS384", "HS512"}) {
    expect_let_in(
        signed_token(secret, algorithm, claims_of("alice"), fmt(R"(,"kid":"%")", algorithm)));
  }
}

TEST_F(AuthJwtTest, WithoutATokenNobodyIsLetIn) {
  start_with_secret();
  TestPeer peer = connect();
  peer.send(message("register", R"({"public_key":"alice"})"));
  peer.expect_error_like(401, ".");
  peer.ws().expect_close(4003);
  server().wait_for_output(
      "every auth plugin passes: it shows nothing that one of them judges, such as a token");
}

TEST_F(AuthJwtTest, TheSameSubjectIsTheSamePeerWhateverItsKey) {
  start_with_secret();
  TestPeer first = knock(secret_token("alice"), "one key");
  const std::string fingerprint = first.next("registered")["payload"]["fingerprint"].str();
  TestPeer second = knock(secret_token("alice"), "another key");
  EXPECT_EQ(second.next("registered")["payload"]["fingerprint"].str(), fingerprint);
  first.ws().expect_close(4001);
  TestPeer bob = knock(secret_token("bob"), "one key");
  EXPECT_NE(bob.next("registered")["payload"]["fingerprint"].str(), fingerprint);
}

TEST_F(AuthJwtTest, RightsComeFromTheClaims) {
  start_with_secret();
  TestPeer alice = knock(secret_token(
      "alice", R"(,"alias":"Al","namespaces":["lobby","game-*"],"create_rooms":false)"));
  EXPECT_EQ(alice.next("registered")["payload"]["alias"].str(), "Al");
  alice.join("lobby");
  alice.join("game-7");
  alice.expect_refused(message("join", R"({"namespace":"hall"})"), 403, "not allowed");
  alice.expect_refused(message("create_room", R"({"room_id":"game-8"})"), 403, "not allowed");
}

TEST_F(AuthJwtTest, AnEmptyListOfNamespacesAllowsNone) {
  start_with_secret();
  TestPeer alice = knock(secret_token("alice", R"(,"namespaces":[])"));
  alice.next("registered");
  for (const char* name : {"lobby", "*", "\u00ff", " "}) {
    alice.expect_refused(message("join", fmt(R"({"namespace":"%"})", name)), 403, "not allowed");
    alice.expect_refused(message("create_room", fmt(R"({"room_id":"%"})", name)), 403,
                         "not allowed");
  }
}

TEST_F(AuthJwtTest, AGrantEndsWithItsToken) {
  start_with_secret();
  TestPeer alice = knock(
      signed_token(kSecret, "HS256",
                   fmt(R"({"sub":"alice","exp":%})", static_cast<long long>(seconds_from_now(2)))));
  alice.next("registered");
  alice.expect_error(401, "authentication expired");
  alice.ws().expect_close(4003, "authentication expired");
}

// --- a newer token

TEST_F(AuthJwtTest, ANewerTokenProlongsTheGrantAndReplacesTheRights) {
  start_with_secret();
  TestPeer alice = knock(signed_token(kSecret, "HS256",
                                      fmt(R"({"sub":"alice","exp":%,"namespaces":["lobby"]})",
                                          static_cast<long long>(seconds_from_now(2)))));
  alice.next("registered");
  alice.join("lobby");
  const auto refresh = [&](std::string_view token) {
    alice.send("auth_refresh", fmt(R"({"token":"%"})", token), R"("id":1)");
  };
  refresh(secret_token("alice", R"(,"namespaces":["game"])"));
  const Json refreshed = alice.next("auth_refreshed");
  EXPECT_EQ(refreshed["id"].number(), 1);
  EXPECT_GT(refreshed["payload"]["expires_ms"].number(), 3'000'000);
  alice.join("game");
  alice.expect_refused(message("join", R"({"namespace":"lobby"})"), 403, "not allowed");
  refresh(secret_token("bob"));
  alice.expect_error(401, "another identity");
  refresh("a.b.c");
  alice.expect_error(401, "malformed token");
  refresh(std::string(9000, 'x'));
  alice.expect_error(401, "token is too long");
  alice.join("game");
}

TEST_F(AuthJwtTest, ABoundTokenIsRefreshedForTheSameKey) {
  start_with_secret(", fingerprint_binding: public_key");
  const auto token = [](std::string_view key) {
    return secret_token("x", fmt(R"(,"pk":"%")", fingerprint_of(key)));
  };
  TestPeer alice = knock(token("alice"));
  EXPECT_EQ(alice.next("registered")["from"].str(), fingerprint_of("alice"));
  alice.send("auth_refresh", fmt(R"({"token":"%"})", token("alice")));
  alice.next("auth_refreshed");
  alice.send("auth_refresh", fmt(R"({"token":"%"})", token("bob")));
  alice.expect_error(401, "token is for another public_key");
}

TEST_F(AuthJwtTest, AnIdentityNeedsNoPublicKey) {
  start_with_secret();
  TestPeer alice = connect();
  alice.send(message("register", fmt(R"({"token":"%"})", secret_token("alice"))));
  EXPECT_EQ(alice.next("registered")["from"].str(),
            fingerprint_of(std::string_view("\0identity\0alice", 15)));
}

// --- where the token may stand

TEST_F(AuthJwtTest, ATokenMayComeWithTheUpgrade) {
  start_with_secret();
  const std::string token = secret_token("alice");
  const std::vector<std::pair<std::string, std::string>> ways{
      {"/ws", fmt("Authorization: Bearer %\r\n", token)},
      {fmt("/ws?access_token=%", token), ""},
      {"/ws", fmt("Sec-WebSocket-Protocol: bearer, %\r\n", token)}};
  for (const auto& [path, headers] : ways) {
    SCOPED_TRACE(headers);
    TestPeer peer = connect({.path = path, .headers = headers});
    peer.send(message("register", R"({"public_key":"alice"})"));
    peer.next("registered");
  }
}

TEST_F(AuthJwtTest, TheSubprotocolBearerIsAnsweredWhenItIsConfigured) {
  start_with({.settings = {"subprotocols=bearer"},
              .config = fmt("plugins:\n  auth: {name: jwt, options: {keys: [{algorithm: HS256, "
                            "secret: %}]}}\n",
                            kSecret)});
  TcpStream stream(port());
  stream.write(
      upgrade_request("/ws", fmt("Sec-WebSocket-Protocol: bearer, %\r\n", secret_token("alice"))));
  std::string buffer;
  const HttpReply reply = read_http_reply(stream, buffer);
  EXPECT_EQ(reply.status, 101);
  EXPECT_EQ(reply.headers.at("sec-websocket-protocol"), "bearer");
}

// --- attacks

TEST_F(AuthJwtTest, AnUnsignedTokenIsRefusedHoweverItIsSpelled) {
  start_with_secret();
  for (const char* name : {"none", "None", "NONE", "nOnE"}) {
    const std::string token = unsigned_token(fmt(R"({"alg":"%"})", name), claims_of("alice"));
    expect_denied(token + ".", "malformed token");
    expect_denied(token + ".AAAA", "token: alg is not supported");
  }
}

TEST_F(AuthJwtTest, APublicKeyIsNoSecret) {
  const SigningKey rsa = SigningKey::rsa();
  start_jwt(public_key_option(rsa, "RS256"));
  expect_let_in(signed_token(rsa, "RS256", claims_of("alice")));
  expect_denied(signed_token(rsa.public_pem(), "HS256", claims_of("mallory")),
                "token: alg is not that of the key");
  expect_denied(signed_token(rsa.public_der(), "HS256", claims_of("mallory")),
                "token: alg is not that of the key");
  expect_denied(signed_token(rsa, "PS256", claims_of("mallory")),
                "token: alg is not that of the key");
}

TEST_F(AuthJwtTest, ATokenForAnotherServerOrTimeIsRefused) {
  start_with_secret(", audience: game, issuer: id");
  const auto token = [](std::string_view more) { return secret_token("alice", more); };
  expect_let_in(token(R"(,"aud":"game","iss":"id")"));
  expect_denied(token(R"(,"aud":"bank","iss":"id")"), "wrong audience");
  expect_denied(token(R"(,"aud":"game","iss":"other")"), "wrong issuer");
  expect_denied(signed_token(kSecret, "HS256", R"({"sub":"alice","exp":1000000000})"),
                "token expired");
}

TEST_F(AuthJwtTest, AnIssuerNamesNobodyOutsideOfItsPrefix) {
  start_with_secret(", identity_prefix: 'one:'");
  const auto fingerprint_by = [&](std::string_view subject) {
    return knock(secret_token(subject)).next("registered")["from"].str();
  };
  const auto of_identity = [](const std::string& identity) {
    return fingerprint_of(std::string("\0identity\0", 10) + identity);
  };
  EXPECT_EQ(fingerprint_by("alice"), of_identity("one:alice"));
  EXPECT_EQ(fingerprint_by("two:alice"), of_identity("one:two:alice"));
  // What it cannot name: peers of another issuer, and those that have no identity.
  for (const char* subject : {"alice", "../two:alice", "\\u0000identity\\u0000two:alice"}) {
    EXPECT_NE(fingerprint_by(subject), of_identity("two:alice"));
    EXPECT_NE(fingerprint_by(subject), fingerprint_of("alice"));
  }
}

TEST_F(AuthJwtTest, OfTokensThatRaceForOneIdentityOneStays) {
  start_with_secret();
  const std::string token = secret_token("alice");
  std::vector<TestPeer> racing;
  for (int i = 0; i < 8; ++i) racing.push_back(knock(token, fmt("key %", i)));
  for (TestPeer& peer : racing) peer.next("registered");
  int here = 0;
  for (TestPeer& peer : racing) {
    peer.send(message("ping"));
    here += peer.ws().read_frame().opcode == kText ? 1 : 0;
  }
  EXPECT_EQ(here, 1);
}

TEST_F(AuthJwtTest, AMisspeltEnvironmentNameStopsTheStart) {
  for (const char* name : {"PEER_PLUGINS__AUHT__NAME", "PEER_PLUGINS__AUTH__NAEM",
                           "PEER_PLUGINS__AUTH__OPTIONS__AUDIENCES", "PEER_PLUGINS__AUTH"}) {
    ServerProcess refused(
        {.config = fmt("plugins:\n  auth: {name: jwt, options: {keys: [{algorithm: HS256, "
                       "secret: %}]}}\n",
                       kSecret),
         .environment = {{name, "jwt"}}});
    EXPECT_EQ(refused.wait_exit(), 78) << name;
  }
}

TEST_F(AuthJwtTest, OversizedTokensAreRefusedAndTheServerGoesOn) {
  start_with_secret();
  expect_denied(std::string(8193, 'a'), "token is too long");
  expect_denied(std::string(60'000, '.'), "token is too long");
  const std::string deep = std::string(1500, '[') + std::string(1500, ']');
  expect_denied(signed_token(kSecret, "HS256", claims_of("alice", ",\"x\":" + deep)),
                "malformed token");
  expect_let_in(secret_token("alice"));
}

TEST_F(AuthJwtTest, NoTokenIsEverLogged) {
  start_with_secret();
  const std::string good = secret_token("alice");
  const std::string bad =
      signed_token("another secret of thirty-two bytes", "HS256", claims_of("mallory"));
  for (const std::string& token : {good, bad}) {
    TestPeer peer = connect({.path = "/ws?access_token=" + token,
                             .headers = "Authorization: Bearer " + token + "\r\n"});
    peer.send(message("register", fmt(R"({"public_key":"a","token":"%"})", token)));
    peer.next();
  }
  // A path that is none, too: refusals of requests are logged with what was asked for.
  TcpStream stream(port());
  stream.write(fmt("GET /nowhere?access_token=% HTTP/1.1\r\nHost: x\r\n\r\n", good));
  std::string buffer;
  read_http_reply(stream, buffer);
  const std::string log = log_at_the_end();
  for (const std::string& token : {good, bad}) {
    EXPECT_THAT(log, Not(HasSubstr(token.substr(token.rfind('.') + 1))));
    EXPECT_THAT(log, Not(HasSubstr(token.substr(0, 40))));
  }
}

// --- keys that change

TEST_F(AuthJwtTest, NewKeysInAFileAreTakenOnReload) {
  const SigningKey first = SigningKey::ec("P-256");
  const SigningKey second = SigningKey::ec("P-256");
  const std::string path =
      dir_.write("jwks.json", fmt(R"({"keys":[%]})", first.jwk(R"(,"kid":"1","alg":"ES256")")));
  start_jwt("jwks_file: " + path);
  expect_let_in(signed_token(first, "ES256", claims_of("alice"), R"(,"kid":"1")"));
  const std::string token = signed_token(second, "ES256", claims_of("alice"), R"(,"kid":"2")");
  expect_denied(token, "token: unknown kid");
  std::filesystem::rename(
      dir_.write("next", fmt(R"({"keys":[%]})", second.jwk(R"(,"kid":"2","alg":"ES256")"))), path);
  server().wait_for_output("has read its keys again");
  expect_let_in(token);
}

TEST_F(AuthJwtTest, WithoutAKeyOrWithAShortSecretThereIsNoStart) {
  const auto refusal = [](std::string_view options) {
    ServerProcess process(
        {.config = fmt("plugins:\n  auth: {name: jwt, options: {%}}\n", options)});
    EXPECT_EQ(process.wait_exit(), 78);
    return process.output();
  };
  EXPECT_THAT(refusal(""), HasSubstr("without a key no token can be good"));
  EXPECT_THAT(refusal("keys: [{algorithm: HS256, secret: short}]"),
              HasSubstr("a secret of 5 bytes; HS256 needs 32 or more"));
  EXPECT_THAT(refusal("keys: [{algorithm: none, secret: short}]"),
              HasSubstr("expected one of HS256"));
}

}  // namespace
}  // namespace peer::test
