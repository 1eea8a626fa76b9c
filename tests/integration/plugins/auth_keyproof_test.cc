// The shipped plugin auth_keyproof: docs/authentication.md, "Keys that are proved: auth_keyproof".
#include "tests/integration/plugins/plugin_server_test.h"
#include "tests/support/token_signer.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

constexpr const char* kAudience = "https://game.example";

class AuthKeyProofTest : public PluginServerTest {
 protected:
  void start_keyproof(std::string_view mode = "required") {
    start_with({.config = fmt("plugins:\n  auth: {name: keyproof, options: {mode: %, audience: "
                              "'%'}}\n",
                              mode, kAudience)});
  }
  /// The payload of a register message with this key.
  static std::string payload_of(std::string_view public_key, std::string_view more = {}) {
    return fmt(R"({"public_key":"%"%})", public_key, more);
  }
  /// A peer that has been challenged, and what it is to sign.
  struct Challenged {
    TestPeer peer;
    std::string text;
  };
  Challenged challenged(std::string_view public_key, std::string_view algorithm,
                        std::string_view more = {}) {
    TestPeer peer = connect();
    peer.send(message("register", payload_of(public_key, more)));
    const Json challenge = peer.next("auth_challenge")["payload"];
    EXPECT_EQ(challenge["method"].str(), "key_proof");
    EXPECT_EQ(challenge["audience"].str(), kAudience);
    EXPECT_EQ(challenge["algorithm"].str(), algorithm);
    EXPECT_GE(challenge["nonce"].str().size(), 22U);
    const std::string text = "peer-server key proof 1\n" + challenge["audience"].str() + "\n" +
                             challenge["nonce"].str() + "\n" + fingerprint_of(public_key);
    return {std::move(peer), text};
  }
  static void answer(TestPeer& peer, std::string_view signature) {
    peer.send("auth_response", fmt(R"({"signature":"%"})", signature));
  }
  static void expect_denied(TestPeer& peer, std::string_view words) {
    peer.expect_error(401, words);
    peer.ws().expect_close(4003, std::string(words));
  }
};

TEST_F(AuthKeyProofTest, WhoSignsTheChallengeIsLetInUnderItsKey) {
  start_keyproof();
  const std::pair<SigningKey, std::string> keys[] = {{SigningKey::ec("P-256"), "ES256"},
                                                     {SigningKey::ed25519(), "EdDSA"}};
  for (const auto& [key, algorithm] : keys) {
    const std::string public_key = base64(key.public_der());
    Challenged alice = challenged(public_key, algorithm);
    answer(alice.peer, base64(key.sign(algorithm, alice.text)));
    EXPECT_EQ(alice.peer.next("registered")["payload"]["fingerprint"].str(),
              fingerprint_of(public_key));
    Challenged again = challenged(public_key, algorithm);
    answer(again.peer, base64url(key.sign_der(algorithm, again.text)));
    again.peer.next("registered");
  }
}

TEST_F(AuthKeyProofTest, AnAnswerToAnotherChallengeIsRefused) {
  start_keyproof();
  const SigningKey key = SigningKey::ec("P-256");
  const std::string public_key = base64(key.public_der());
  Challenged first = challenged(public_key, "ES256");
  Challenged second = challenged(public_key, "ES256");
  ASSERT_NE(first.text, second.text);
  answer(first.peer, base64(key.sign("ES256", second.text)));
  expect_denied(first.peer, "wrong signature");
  // The one that was signed is good for its own connection only.
  const std::string signature = base64(key.sign("ES256", second.text));
  answer(second.peer, signature);
  second.peer.next("registered");
  Challenged third = challenged(public_key, "ES256");
  answer(third.peer, signature);
  expect_denied(third.peer, "wrong signature");
}

TEST_F(AuthKeyProofTest, AnothersSignatureOrTextIsRefused) {
  start_keyproof();
  const SigningKey key = SigningKey::ec("P-256");
  const std::string public_key = base64(key.public_der());
  const auto refused = [&](const std::function<std::string(std::string)>& sign) {
    Challenged alice = challenged(public_key, "ES256");
    answer(alice.peer, sign(alice.text));
    expect_denied(alice.peer, "wrong signature");
  };
  refused(
      [&](const std::string& text) { return base64(SigningKey::ec("P-256").sign("ES256", text)); });
  refused([&](std::string text) {  // a challenge that another server has passed on
    text.replace(text.find(kAudience), std::string(kAudience).size(), "https://evil.example");
    return base64(key.sign("ES256", text));
  });
  refused([&](std::string text) {  // for another key
    text.replace(text.rfind('\n') + 1, 64, fingerprint_of("another"));
    return base64(key.sign("ES256", text));
  });
  refused([](const std::string&) { return std::string("!"); });
  refused([](const std::string&) { return std::string(10'000, 'A'); });
}

TEST_F(AuthKeyProofTest, AnAnswerWithoutASignatureIsRefused) {
  start_keyproof();
  const std::string public_key = base64(SigningKey::ed25519().public_der());
  for (const char* payload : {"{}", R"({"signature":1})", R"({"signature":null})", "[]"}) {
    Challenged alice = challenged(public_key, "EdDSA");
    alice.peer.send("auth_response", payload);
    expect_denied(alice.peer, "signature must be a string");
  }
}

TEST_F(AuthKeyProofTest, APublicKeyThatIsNoKeyIsRefused) {
  start_keyproof();
  for (const std::string& key : {std::string("alice"), base64(SigningKey::rsa().public_der()),
                                 base64(SigningKey::ec("P-384").public_der())}) {
    TestPeer peer = connect();
    peer.send(message("register", payload_of(key)));
    expect_denied(peer, "public_key is no P-256 or Ed25519 key");
  }
}

TEST_F(AuthKeyProofTest, OptionalAsksOnlyThoseWhoWantIt) {
  start_keyproof("optional");
  TestPeer guest = connect();
  guest.register_as("a guest's key");
  TestPeer unsure = connect();
  unsure.register_as("another's key", R"("proof":false)");
  const SigningKey key = SigningKey::ed25519();
  TestPeer alice = connect();
  const std::string public_key = base64(key.public_der());
  alice.send(message("register", payload_of(public_key, R"(,"proof":true)")));
  const Json challenge = alice.next("auth_challenge")["payload"];
  answer(alice, base64(key.sign("EdDSA", "peer-server key proof 1\n" + std::string(kAudience) +
                                             "\n" + challenge["nonce"].str() + "\n" +
                                             fingerprint_of(public_key))));
  alice.next("registered");
  TestPeer liar = connect();
  liar.send(message("register", payload_of("no key", R"(,"proof":true)")));
  expect_denied(liar, "public_key is no P-256 or Ed25519 key");
  TestPeer wrong = connect();
  wrong.send(message("register", payload_of("no key", R"(,"proof":"yes")")));
  expect_denied(wrong, "proof must be a boolean");
}

TEST_F(AuthKeyProofTest, WhoProvesNothingTakesNobodysPlace) {
  start_keyproof("optional");
  const SigningKey key = SigningKey::ed25519();
  const std::string public_key = base64(key.public_der());
  const auto prove = [&] {
    Challenged peer = challenged(public_key, "EdDSA", R"(,"proof":true)");
    answer(peer.peer, base64(key.sign("EdDSA", peer.text)));
    peer.peer.next("registered");
    return std::move(peer.peer);
  };
  TestPeer alice = prove();
  alice.join("lobby");
  TestPeer thief = connect();
  thief.send(message("register", payload_of(public_key)));
  expect_denied(thief, "key proof required");
  TestPeer bob = connect();
  bob.register_as("a guest's key");
  const Json peers = bob.join("lobby")["payload"]["peers"];
  EXPECT_EQ(peers[0]["proved"].text(), "true");
  EXPECT_FALSE(peers[1]["proved"].exists());
  TestPeer again = prove();
  alice.next("peer_joined");
  alice.ws().expect_close(4001);
}

TEST_F(AuthKeyProofTest, ANameThatWasTakenUnprovedIsForItsOwner) {
  start_keyproof("optional");
  const SigningKey key = SigningKey::ed25519();
  const std::string public_key = base64(key.public_der());
  TestPeer thief = connect();
  thief.register_as(public_key);
  Challenged owner = challenged(public_key, "EdDSA", R"(,"proof":true)");
  answer(owner.peer, base64(key.sign("EdDSA", owner.text)));
  owner.peer.next("registered");
  thief.ws().expect_close(4001);
}

TEST_F(AuthKeyProofTest, OfRegistrationsThatRaceEachIsOneChallengeAndOneStays) {
  start_keyproof();
  const SigningKey key = SigningKey::ed25519();
  const std::string public_key = base64(key.public_der());
  std::vector<Challenged> racing;
  for (int i = 0; i < 8; ++i) racing.push_back(challenged(public_key, "EdDSA"));
  for (Challenged& peer : racing) answer(peer.peer, base64(key.sign("EdDSA", peer.text)));
  for (Challenged& peer : racing) peer.peer.next("registered");
  int here = 0;
  for (Challenged& peer : racing) {
    peer.peer.send(message("ping"));
    const Frame frame = peer.peer.ws().read_frame();
    here += frame.opcode == kText ? 1 : 0;
  }
  EXPECT_EQ(here, 1);
  EXPECT_EQ(http_json("/health")["peers"].number(), 1);
}

TEST_F(AuthKeyProofTest, AProofThatRacesWithTheBareTextWins) {
  start_keyproof("optional");
  const SigningKey key = SigningKey::ed25519();
  const std::string public_key = base64(key.public_der());
  Challenged owner = challenged(public_key, "EdDSA", R"(,"proof":true)");
  TestPeer thief = connect();  // while the challenge is open
  thief.register_as(public_key);
  answer(owner.peer, base64(key.sign("EdDSA", owner.text)));
  owner.peer.next("registered");
  thief.ws().expect_close(4001);
  TestPeer later = connect();
  later.send(message("register", payload_of(public_key)));
  expect_denied(later, "key proof required");
  owner.peer.round_trip();
}

TEST_F(AuthKeyProofTest, AChallengeIsAnsweredOnce) {
  start_keyproof();
  const SigningKey key = SigningKey::ed25519();
  const std::string public_key = base64(key.public_der());
  Challenged alice = challenged(public_key, "EdDSA");
  const std::string right = base64(key.sign("EdDSA", alice.text));
  // Both are in one packet: the second is not looked at, although it is right.
  alice.peer.ws().send_raw(
      encode({.payload = message("auth_response", R"({"signature":"AAAA"})")}) +
      encode({.payload = message("auth_response", fmt(R"({"signature":"%"})", right))}));
  expect_denied(alice.peer, "wrong signature");
  EXPECT_EQ(http_json("/health")["peers"].number(), 0);
}

TEST_F(AuthKeyProofTest, WhatIsTooLongIsRefusedAndTheServerGoesOn) {
  start_keyproof();
  TestPeer longest = connect();
  longest.send(message("register", payload_of(std::string(8193, 'A'))));
  longest.expect_error(400, "public_key too long");
  longest.ws().expect_close(1008);
  TestPeer long_key = connect();
  long_key.send(message("register", payload_of(std::string(8192, 'A'))));
  expect_denied(long_key, "public_key is no P-256 or Ed25519 key");
  const SigningKey key = SigningKey::ed25519();
  const std::string public_key = base64(key.public_der());
  Challenged signer = challenged(public_key, "EdDSA");
  answer(signer.peer, std::string(60'000, 'A'));
  expect_denied(signer.peer, "wrong signature");
  Challenged nester = challenged(public_key, "EdDSA");
  nester.peer.send("auth_response",
                   fmt(R"({"signature":%%})", std::string(500, '['), std::string(500, ']')));
  expect_denied(nester.peer, "signature must be a string");
  Challenged flooder = challenged(public_key, "EdDSA");
  flooder.peer.send("auth_response", fmt(R"({"signature":"%"})", std::string(70'000, 'A')));
  flooder.peer.ws().expect_close(1009);
  Challenged alice = challenged(public_key, "EdDSA");
  answer(alice.peer, base64(key.sign("EdDSA", alice.text)));
  alice.peer.next("registered");
}

TEST_F(AuthKeyProofTest, BehindTokensItAsksThoseWhoShowNone) {
  const std::string secret = "a secret of thirty-two bytes or more";
  start_with({.config = fmt(R"(plugins:
  auth:
    - {name: jwt, options: {keys: [{algorithm: HS256, secret: %}]}}
    - {name: keyproof, options: {audience: '%'}}
)",
                            secret, kAudience)});
  const auto claims = R"({"sub":"alice","exp":4000000000})";
  TestPeer alice = connect();
  alice.send(message("register", payload_of("any", fmt(R"(,"token":"%")",
                                                       signed_token(secret, "HS256", claims)))));
  alice.next("registered");
  TestPeer mallory = connect();
  mallory.send(message("register", payload_of("any", R"(,"token":"a.b.c")")));
  expect_denied(mallory, "malformed token");
  const SigningKey key = SigningKey::ed25519();
  Challenged bob = challenged(base64(key.public_der()), "EdDSA");
  answer(bob.peer, base64(key.sign("EdDSA", bob.text)));
  bob.peer.next("registered");
}

TEST_F(AuthKeyProofTest, TheAudienceIsRequiredAndHasNoControlCharacters) {
  const auto refusal = [](std::string_view options) {
    ServerProcess process(
        {.config = fmt("plugins:\n  auth: {name: keyproof, options: {%}}\n", options)});
    EXPECT_EQ(process.wait_exit(), 78);
    return process.output();
  };
  EXPECT_THAT(refusal(""), HasSubstr("audience: expected"));
  EXPECT_THAT(refusal(R"(audience: "a\nb")"), HasSubstr("without control characters"));
  EXPECT_THAT(refusal("audience: a, mode: sometimes"), HasSubstr("required or optional"));
}

}  // namespace
}  // namespace peer::test
