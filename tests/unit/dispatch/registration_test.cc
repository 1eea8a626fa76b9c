#include "core/protocol/message.h"
#include "tests/unit/dispatch/node_test.h"

// From the first message to `registered` (docs/protocol.md, "First message").
namespace peer::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kAlice = R"({"public_key":"alice","alias":"alice"})";
constexpr std::string_view kRegistered =
    R"({"type":"registered","from":"<alice>","payload":{"fingerprint":"<alice>","alias":"alice"}})";

sdk::AuthGrant as(std::string identity) {
  sdk::AuthGrant grant;
  grant.identity = std::move(identity);
  return grant;
}

class RegistrationTest : public NodeTest {};

TEST_F(RegistrationTest, APeerIsItsPublicKey) {
  EXPECT_EQ(connect().ask("register", kAlice), with_names(with_fingerprints(kRegistered)));
}

TEST_F(RegistrationTest, AnIdIsEchoed) {
  EXPECT_EQ(connect().ask("register", kAlice, R"("id":7)"),
            R"({"type":"registered","id":7,"from":"<alice>",)"
            R"("payload":{"fingerprint":"<alice>","alias":"alice"}})");
}

TEST_F(RegistrationTest, WhatIsPipelinedBehindItIsHandledInOrder) {
  Client alice = connect();
  alice.send("register", kAlice);
  alice.send("join", R"({"namespace":"lobby"})");
  EXPECT_THAT(alice.read(), HasSubstr("registered"));
  EXPECT_EQ(alice.read(), peer_list("lobby", {"alice"}));
}

TEST_F(RegistrationTest, WithoutAnAliasThePeerGetsOne) {
  EXPECT_THAT(connect().ask("register", R"({"public_key":"alice"})"),
              testing::ContainsRegex(R"("alias":"[a-z]+-[a-z]+-[0-9]+"})"));
}

TEST_F(RegistrationTest, AFirstMessageOfAnotherTypeEndsTheConnection) {
  Client alice = connect();
  alice.send("join", R"({"namespace":"lobby"})", R"("id":"a")");
  EXPECT_THAT(alice.end(), ElementsAre(error(400, "first message must be register", "\"a\""),
                                       "1008 first message must be register"));
}

TEST_F(RegistrationTest, AFirstMessageThatIsNoneIsToldSo) {
  Client no_json = connect();
  no_json.send("register me");
  EXPECT_THAT(no_json.end(), ElementsAre(error(400, "invalid message"), "1008 invalid message"));
  Client bad_id = connect();
  bad_id.send("register", kAlice, R"("id":[1])");
  EXPECT_THAT(bad_id.end(), ElementsAre(error(400, "id must be a string or an integer"),
                                        "1008 id must be a string or an integer"));
  Client twice = connect();
  twice.send("register", kAlice, R"("id":1,"type":"register")");
  EXPECT_THAT(twice.end(), ElementsAre(error(400, "duplicate field", "1"), "1008 duplicate field"));
  EXPECT_EQ(errors(MessageType::kRegister, 400), 3U);
}

TEST_F(RegistrationTest, RegistrationsAreCounted) {
  const Client alice = peer("alice");
  EXPECT_EQ(handled(MessageType::kRegister), 1U);
  Client bob = connect();
  bob.send("register", "{}");
  EXPECT_THAT(bob.end(), Contains(HasSubstr("1008")));
  EXPECT_EQ(handled(MessageType::kRegister), 2U);
}

TEST_F(RegistrationTest, AWrongFieldEndsTheConnection) {
  Client alice = connect();
  alice.send("register", R"({"public_key":7,"alias":7})", R"("id":"a")");
  EXPECT_THAT(alice.end(), ElementsAre(error(400, "public_key must be a string", "\"a\""),
                                       "1008 public_key must be a string"));
}

TEST_F(RegistrationTest, WithoutAnIdentityAPublicKeyIsRequired) {
  for (const char* payload : {"{}", R"({"public_key":""})", R"({"public_key":null})"}) {
    Client nobody = connect();
    nobody.send("register", payload, R"("id":"a")");
    EXPECT_THAT(nobody.end(), ElementsAre(error(400, "public_key required", "\"a\""),
                                          "1008 public_key required"));
  }
  auth_.verdicts.always(sdk::AuthRejection{"bad token"});
  Client refused = connect();
  refused.send("register", "{}");
  EXPECT_THAT(refused.end(), Contains("4003 bad token"));
}

TEST_F(RegistrationTest, ASilentConnectionIsClosed) {
  config_.pong_wait = milliseconds(1);
  EXPECT_THAT(connect().end(), ElementsAre("1008 registration timeout"));
}

TEST_F(RegistrationTest, ASecondRegisterIsAnError) {
  EXPECT_EQ(peer("alice").ask("register", kAlice), error(400, "already registered"));
}

TEST_F(RegistrationTest, WhenTheServerIsFull400ComesBefore503) {
  config_.max_peers = 1;
  const Client alice = peer("alice");
  Client wrong = connect();
  wrong.send("register", "{}");
  EXPECT_THAT(wrong.end(), Contains(error(400, "public_key required")));
  Client bob = connect();
  bob.send("register", R"({"public_key":"bob"})");
  EXPECT_THAT(bob.end(), ElementsAre(error(503, "server full"), "1013 server full"));
}

TEST_F(RegistrationTest, APeerThatReturnsIsLetIntoAFullServer) {
  config_.max_peers = 1;
  Client old = peer("alice");
  const Client alice = peer("alice");
  EXPECT_THAT(old.end(), ElementsAre("4001 replaced by a newer connection"));
}

TEST_F(RegistrationTest, AReplacementStartsClean) {
  Client old = peer_in("lobby", "alice");
  Client bob = peer_in("lobby", "bob");
  Client alice = peer("alice");
  EXPECT_EQ(bob.read(), peer_left("lobby", "alice"));
  EXPECT_EQ(alice.ask("leave", R"({"namespace":"lobby"})"), error(403, "not in namespace"));
}

TEST_F(RegistrationTest, AReplacementOnAnotherLoopStartsClean) {
  loops_ = 2;
  Client old = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  Client alice = peer("alice", 1);
  EXPECT_EQ(bob.read(), peer_left("lobby", "alice"));
  EXPECT_THAT(old.end(), Contains("4001 replaced by a newer connection"));
  EXPECT_EQ(alice.ask("leave", R"({"namespace":"lobby"})"), error(403, "not in namespace"));
}

TEST_F(RegistrationTest, TooManyReplacementsAreTurnedAway) {
  loops_ = 2;
  std::vector<Client> replaced;
  for (std::size_t i = 0; i <= 20; ++i) replaced.push_back(peer("alice", i % 2));
  Client last = connect();
  last.send("register", kAlice);
  EXPECT_THAT(last.end(), ElementsAre("1013 replaced too often"));
}

TEST_F(RegistrationTest, AnAliasBelongsToWhoCameFirst) {
  const Client alice = peer("alice");
  EXPECT_THAT(connect().ask("register", R"({"public_key":"m","alias":"alice"})"),
              HasSubstr(R"("alias":"alice","alias_taken":true})"));
}

// --- What the auth plugin says

TEST_F(RegistrationTest, ARejectionIsThePluginsWords) {
  auth_.verdicts.always(sdk::AuthRejection{"bad token"});
  Client alice = connect();
  alice.send("register", kAlice, R"("id":1)");
  EXPECT_THAT(alice.end(), ElementsAre(error(401, "bad token", "1"), "4003 bad token"));
}

TEST_F(RegistrationTest, AnAuthPluginThatThrowsRejects) {
  auth_.verdicts.fail();
  Client alice = connect();
  alice.send("register", kAlice);
  EXPECT_THAT(alice.end(),
              ElementsAre(error(401, "authentication failed"), "4003 authentication failed"));
  EXPECT_THAT(log(), ElementsAre("plugin auth 'test': authenticate: out of order"));
}

TEST_F(RegistrationTest, AnAuthPluginThatNeverAnswersRejects) {
  config_.pong_wait = milliseconds(1);
  auth_.verdicts.hold();
  Client alice = connect();
  alice.send("register", kAlice);
  EXPECT_THAT(alice.end(), Contains(HasSubstr("4003 authentication ")));
}

TEST_F(RegistrationTest, AnUnansweredChallengeTimesOut) {
  config_.pong_wait = milliseconds(1);
  auth_.verdicts.always(sdk::AuthChallenge{"{}", ""});
  Client alice = connect();
  alice.send("register", kAlice);
  EXPECT_THAT(alice.end(), Contains("1008 registration timeout"));
}

TEST_F(RegistrationTest, AGrantThatEndsIsToldBeforeTheClose) {
  sdk::AuthGrant grant;
  grant.expires = wall_now() + milliseconds(1);
  auth_.verdicts.always(grant);
  Client alice = connect();
  alice.send("register", kAlice);
  EXPECT_THAT(alice.end(), ElementsAre(testing::_, error(401, "authentication expired"),
                                       "4003 authentication expired"));
}

TEST_F(RegistrationTest, AVerdictMayComeLater) {
  auth_.verdicts.hold();
  Client alice = connect();
  alice.send("register", kAlice);
  auth_.verdicts.wait();
  EXPECT_TRUE(alice.waits());
  auth_.verdicts.release();
  EXPECT_EQ(alice.read(), with_names(with_fingerprints(kRegistered)));
}

TEST_F(RegistrationTest, AVerdictForWhoHasGoneIsNothing) {
  auth_.verdicts.hold();
  Client alice = connect();
  alice.send("register", kAlice);
  auth_.verdicts.wait();
  leave(alice);
  auth_.verdicts.release();
  settle();
  EXPECT_THAT(http("GET", "/health"), HasSubstr("\"peers\":0"));
}

TEST_F(RegistrationTest, AChallengeIsAnsweredAndJudgedAgain) {
  auth_.verdicts.always(sdk::AuthChallenge{R"({"nonce":1})", "context"});
  Client alice = connect();
  EXPECT_EQ(alice.ask("register", kAlice, R"("id":1)"),
            R"({"type":"auth_challenge","id":1,"payload":{"nonce":1}})");
  auth_.verdicts.always(sdk::AuthGrant());
  EXPECT_THAT(alice.ask("auth_response", "{}"), HasSubstr("\"registered\",\"from\":\"<alice>\""));
}

TEST_F(RegistrationTest, OnlyAnAnswerMayFollowAChallenge) {
  auth_.verdicts.always(sdk::AuthChallenge{"{}", ""});
  for (const char* text :
       {R"({"type":"ping"})", R"({"type":"join","payload":{"namespace":"a"}})"}) {
    Client bob = connect();
    bob.ask("register", kAlice);
    bob.send(text);
    EXPECT_THAT(bob.end(), Contains("1008 auth_response expected"));
  }
  Client alice = connect();
  alice.ask("register", kAlice);
  alice.send("register", kAlice);
  EXPECT_THAT(alice.end(),
              ElementsAre(error(400, "auth_response expected"), "1008 auth_response expected"));
}

TEST_F(RegistrationTest, AnIdentityStandsInForThePublicKey) {
  auth_.verdicts.always(as("account 1"));
  const std::string hashed("\0identity\0account 1", 19);
  static_cast<void>(peer_named(hashed));
  EXPECT_THAT(connect().ask("register", kAlice), HasSubstr("\"from\":\"<" + hashed + ">\""));
}

TEST_F(RegistrationTest, AnIdentityNeedsNoPublicKey) {
  auth_.verdicts.always(as("account 2"));
  const std::string hashed("\0identity\0account 2", 19);
  static_cast<void>(peer_named(hashed));
  EXPECT_THAT(connect().ask("register", "{}"), HasSubstr("\"from\":\"<" + hashed + ">\""));
}

TEST_F(RegistrationTest, AnIdentityReturnsToAFullServer) {
  config_.max_peers = 1;
  auth_.verdicts.always(as("account 1"));
  Client old = connect();
  static_cast<void>(old.ask("register", R"({"public_key":"k1"})"));
  Client present = connect();
  EXPECT_THAT(present.ask("register", R"({"public_key":"k2"})"), HasSubstr("registered"));
  EXPECT_THAT(old.end(), ElementsAre("4001 replaced by a newer connection"));
  auth_.verdicts.always(as("account 2"));
  Client other = connect();
  other.send("register", R"({"public_key":"k1"})");
  EXPECT_THAT(other.end(), ElementsAre(error(503, "server full"), "1013 server full"));
}

TEST_F(RegistrationTest, AnEmptyListOfNamespacesAllowsNone) {
  sdk::AuthGrant grant;
  grant.lists_namespaces = true;
  auth_.verdicts.always(grant);
  Client alice = connect();
  static_cast<void>(alice.ask("register", kAlice));
  EXPECT_EQ(alice.ask("join", kLobby), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("discover", kLobby), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("create_room", R"({"room_id":"den"})"), error(403, "not allowed"));
}

TEST_F(RegistrationTest, NoPublicKeyIsSomebodysIdentity) {
  auth_.verdicts.always(as("account 1"));
  static_cast<void>(connect().ask("register", kAlice));
  auth_.verdicts.always(sdk::AuthGrant());
  static_cast<void>(peer_named("account 1"));
  EXPECT_THAT(connect().ask("register", R"({"public_key":"account 1"})"),
              HasSubstr("\"from\":\"<account 1>\""));
  Client forger = connect();
  forger.send("register", R"({"public_key":"\u0000identity\u0000account 1"})");
  EXPECT_THAT(forger.end(),
              ElementsAre(error(400, "invalid public_key"), "1008 invalid public_key"));
}

// Nonsense of an auth plugin is a denial, and named in the log.

class BadVerdictTest : public RegistrationTest {
 protected:
  // A registration with this verdict must be denied, and the log must say what was wrong with it.
  void expect_denied(sdk::AuthVerdict verdict, const std::string& fault) {
    auth_.verdicts.always(std::move(verdict));
    Client alice = connect();
    alice.send("register", kAlice);
    EXPECT_THAT(alice.end(),
                ElementsAre(error(401, "authentication failed"), "4003 authentication failed"));
    EXPECT_THAT(log(), ElementsAre("plugin auth 'test': authenticate: " + fault));
  }
};

TEST_F(BadVerdictTest, AnEmptyIdentity) { expect_denied(as(""), "granted an empty identity"); }

TEST_F(BadVerdictTest, ARateOfNothing) {
  sdk::AuthGrant grant;
  grant.rate_per_second = 0;
  expect_denied(grant, "granted a rate of 0 messages a second");
}

TEST_F(BadVerdictTest, APatternThatIsEmpty) {
  expect_denied(grant_for({"lobby", ""}),
                "granted namespaces by a pattern that is empty, or has a '*' before its end");
}

TEST_F(BadVerdictTest, APatternWithAStarBeforeItsEnd) {
  expect_denied(grant_for({"*x*"}),
                "granted namespaces by a pattern that is empty, or has a '*' before its end");
}

TEST_F(BadVerdictTest, WordsThatAreNotUtf8) {
  expect_denied(sdk::AuthRejection{"bad \xff"}, "rejected with words that are not UTF-8");
}

TEST_F(BadVerdictTest, AChallengeThatIsNoJson) {
  expect_denied(sdk::AuthChallenge{"{", ""}, "gave a challenge that is no JSON, or over 64 KiB");
}

TEST_F(BadVerdictTest, AnAliasThatNoPeerMayHaveIsNotGranted) {
  for (const std::string& alias : {std::string("a\0b", 3), std::string("a\nb"), std::string()}) {
    sdk::AuthGrant grant;
    grant.alias = alias;
    auth_.verdicts.always(grant);
    static_cast<void>(peer("alice"));
  }
  EXPECT_THAT(log(), ElementsAre("plugin auth 'test': authenticate: granted an alias that no peer "
                                 "may have"));
}

TEST_F(BadVerdictTest, PatternsThatMakeSenseAreGranted) {
  auth_.verdicts.always(grant_for({"*", "a", "b*"}));
  static_cast<void>(peer("alice"));
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(BadVerdictTest, AnIdentityThatWasNotAnnounced) {
  auth_.prefix = "issuer:";
  expect_denied(as("other:alice"),
                "granted an identity that does not begin with its identity_prefix()");
}

TEST_F(BadVerdictTest, AnIdentityOfOneThatGrantsNone) {
  auth_.prefix = std::nullopt;
  expect_denied(as("alice"), "granted an identity that does not begin with its identity_prefix()");
}

// --- With other nodes

class SharedRegistrationTest : public ClusterTest {
 protected:
  // A client whose registration the broker has not answered.
  Client registering(std::string_view name) {
    broker_.registrations.hold();
    Client client = connect();
    client.send("register", R"({"public_key":")" + std::string(name) + R"(","alias":"alice"})");
    broker_.registrations.wait();
    return client;
  }
};

TEST_F(SharedRegistrationTest, ABrokerMayAnswerLater) {
  Client alice = registering("alice");
  EXPECT_TRUE(alice.waits());
  broker_.registrations.release();
  EXPECT_EQ(alice.read(), with_names(with_fingerprints(kRegistered)));
}

TEST_F(SharedRegistrationTest, AnAliasThatIsHeldElsewhereIsTaken) {
  broker_.registrations.always({.alias_taken = true});
  EXPECT_THAT(connect().ask("register", kAlice), HasSubstr("\"alias_taken\":true"));
}

TEST_F(SharedRegistrationTest, ReplacedTooOftenElsewhereIsTurnedAway) {
  broker_.registrations.always({.too_often = true});
  Client alice = connect();
  alice.send("register", kAlice);
  EXPECT_THAT(alice.end(), ElementsAre("1013 replaced too often"));
}

TEST_F(SharedRegistrationTest, AClusterWithoutRoomForAPeerTurnsItAway) {
  broker_.registrations.always({.cluster_full = true});
  Client alice = connect();
  alice.send("register", kAlice);
  EXPECT_THAT(alice.end(), ElementsAre(error(503, "cluster full"), "1013 cluster full"));
}

TEST_F(SharedRegistrationTest, ABrokerThatThrowsCannotKnow) {
  broker_.registrations.fail();
  EXPECT_EQ(connect().ask("register", kAlice), with_names(with_fingerprints(kRegistered)));
}

TEST_F(SharedRegistrationTest, AnAnswerForWhoHasGoneIsNothing) {
  Client alice = registering("alice");
  leave(alice);
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice"));
  broker_.registrations.release();
  settle();
  broker_.registrations.usual();
  EXPECT_THAT(connect().ask("register", R"({"public_key":"bob","alias":"alice"})"),
              testing::Not(HasSubstr("alias_taken")));
}

TEST_F(SharedRegistrationTest, AnAnswerForWhoHasBeenReplacedIsNothing) {
  loops_ = 2;
  Client old = registering("alice");
  broker_.registrations.usual();
  Client alice = peer("alice", 1);
  EXPECT_THAT(old.end(), ElementsAre("4001 replaced by a newer connection"));
  broker_.registrations.release();
  EXPECT_THAT(alice.heard(), IsEmpty());
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice"));
}

}  // namespace
}  // namespace peer::test
