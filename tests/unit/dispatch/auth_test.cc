#include <future>

#include "core/server/node.h"
#include "tests/unit/dispatch/resume_test.h"

// What auth plugins decide of peers that are registered: newer rights, proofs, revocations
// (docs/protocol.md, "C.3 Authentication").
namespace peer::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kRefreshed = R"({"type":"auth_refreshed","payload":{"expires_ms":0}})";
constexpr std::string_view kNewToken = R"({"token":"new"})";

std::string in(std::string_view ns) { return "{\"namespace\":\"" + std::string(ns) + "\"}"; }
std::string data_in(std::string_view ns) {
  return "{\"namespace\":\"" + std::string(ns) + "\",\"data\":1}";
}

class RefreshTest : public NodeTest {
 protected:
  RefreshTest() { auth_.tokens = true; }

  // The peer has these rights from now on.
  void refresh(Client& client, sdk::AuthGrant grant) {
    auth_.verdicts.always(std::move(grant));
    EXPECT_EQ(client.ask("auth_refresh", kNewToken), kRefreshed);
    auth_.verdicts.usual();
  }
};

TEST_F(RefreshTest, IsUnknownWhereNobodyTakesTokens) {
  auth_.tokens = false;
  EXPECT_EQ(peer("alice").ask("auth_refresh", kNewToken), error(400, "unknown message type"));
}

TEST_F(RefreshTest, ATokenIsATextThatIsNotEmpty) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("auth_refresh", "{}"), error(400, "token required"));
  EXPECT_EQ(alice.ask("auth_refresh", R"({"token":""})"), error(400, "token required"));
  EXPECT_EQ(alice.ask("auth_refresh", R"({"token":1})"), error(400, "token must be a string"));
}

TEST_F(RefreshTest, ThePluginSeesTokenAndPeer) {
  Client alice = peer("alice");
  EXPECT_EQ(auth_.refreshes(), "");
  refresh(alice, {});
  EXPECT_EQ(with_names("<" + auth_.refreshes() + ">"), with_names(with_fingerprints("<<alice>>")));
  EXPECT_EQ(auth_.payload(), kNewToken);
}

TEST_F(RefreshTest, AnIdIsEchoedAndTheTimeLeftIsTold) {
  Client alice = peer("alice");
  sdk::AuthGrant grant;
  grant.expires = wall_now() + std::chrono::hours(1);
  auth_.verdicts.always(grant);
  EXPECT_THAT(
      alice.ask("auth_refresh", kNewToken, R"("id":7)"),
      testing::MatchesRegex(
          R"re(\{"type":"auth_refreshed","id":7,"payload":\{"expires_ms":3[56].....\}\})re"));
}

TEST_F(RefreshTest, ANewEndReplacesTheOldOne) {
  sdk::AuthGrant grant;
  grant.expires = wall_now() + std::chrono::hours(1);
  auth_.verdicts.always(grant);
  Client alice = peer("alice");
  grant.expires = wall_now() + milliseconds(30);
  auth_.verdicts.always(grant);
  EXPECT_THAT(alice.ask("auth_refresh", kNewToken), HasSubstr("auth_refreshed"));
  EXPECT_THAT(alice.end(),
              ElementsAre(error(401, "authentication expired"), "4003 authentication expired"));
}

TEST_F(RefreshTest, WhatIsRefusedChangesNothing) {
  auth_.verdicts.always(grant_for({"lobby"}));
  Client alice = peer_in("lobby", "alice");
  auth_.verdicts.always(sdk::AuthRejection{"token expired"});
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken, R"("id":1)"), error(401, "token expired", "1"));
  sdk::AuthGrant other;
  other.identity = "somebody";
  auth_.verdicts.always(other);
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), error(401, "another identity"));
  sdk::AuthGrant over;
  over.expires = wall_now() - milliseconds(1);
  auth_.verdicts.always(over);
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), error(401, "token expired"));
  auth_.verdicts.fail();
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), error(401, "authentication failed"));
  EXPECT_EQ(alice.ask("join", in("hall")), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("broadcast", data_in("lobby"), R"("id":2)"), ack("2", 0));
}

TEST_F(RefreshTest, APassOrAChallengeIsNoAnswer) {
  Client alice = peer("alice");
  auth_.verdicts.always(sdk::AuthPass());
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), error(401, "authentication failed"));
  auth_.verdicts.always(sdk::AuthChallenge{"{}", ""});
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), error(401, "authentication failed"));
  EXPECT_THAT(log(), Contains(HasSubstr("neither granted nor rejected")));
}

TEST_F(RefreshTest, AnIdentityStaysTheSame) {
  sdk::AuthGrant grant;
  grant.identity = "account 1";
  auth_.verdicts.always(grant);
  Client alice = connect();
  static_cast<void>(alice.ask("register", "{}"));
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), kRefreshed);
  grant.identity = "account 2";
  auth_.verdicts.always(grant);
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), error(401, "another identity"));
  auth_.verdicts.usual();  // by its key, which is nothing to an identity
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), error(401, "another identity"));
}

TEST_F(RefreshTest, FurtherMessagesWaitForTheVerdict) {
  Client alice = peer("alice");
  auth_.verdicts.hold();
  alice.send("auth_refresh", kNewToken);
  alice.send("join", in("hall"));
  auth_.verdicts.wait();
  EXPECT_TRUE(alice.waits());
  auth_.verdicts.release(grant_for({"lobby"}));
  EXPECT_EQ(alice.read(), kRefreshed);
  EXPECT_EQ(alice.read(), error(403, "not allowed"));
}

TEST_F(RefreshTest, RateAndRoomsAreReplaced) {
  Client alice = peer("alice");
  sdk::AuthGrant grant;
  grant.may_create_rooms = false;
  refresh(alice, grant);
  EXPECT_EQ(alice.ask("create_room", R"({"room_id":"den"})"), error(403, "not allowed"));
  refresh(alice, {});
  EXPECT_THAT(alice.ask("create_room", R"({"room_id":"den"})"), HasSubstr("room_created"));
  grant.rate_per_second = 1;
  refresh(alice, grant);
  static_cast<void>(alice.ask("ping", {}));
  EXPECT_EQ(alice.ask("ping", {}), error(429, "rate limited"));
}

// A membership outside the patterns stays, and hears and says nothing more.
class MutedTest : public RefreshTest {
 protected:
  MutedTest() { loops_ = 2; }
};

TEST_F(MutedTest, NothingOfTheNamespaceIsHeard) {
  Client alice = peer_in("lobby", "alice", 0);
  static_cast<void>(alice.ask("join", in("game")));
  refresh(alice, grant_for({"game"}));
  Client bob = peer_in("lobby", "bob", 1);
  EXPECT_EQ(bob.ask("broadcast", data_in("lobby"), R"("id":1)"), ack("1", 0));
  EXPECT_EQ(bob.ask("signal", "1", R"("to":"alice")"), error(403, "no shared namespace"));
  leave(bob);
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(MutedTest, NothingIsSaidThere) {
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  static_cast<void>(alice.heard());
  refresh(alice, grant_for({"game"}));
  EXPECT_EQ(alice.ask("broadcast", data_in("lobby")), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("match", in("lobby")), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("join", in("lobby")), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("discover", in("lobby")), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("signal", "1", R"("to":"bob")"), error(403, "no shared namespace"));
  EXPECT_THAT(bob.heard(), IsEmpty());
}

TEST_F(MutedTest, ItIsAMemberStillAndMayLeave) {
  Client alice = peer_in("lobby", "alice", 0);
  refresh(alice, grant_for({"game"}));
  Client bob = peer("bob", 1);
  EXPECT_EQ(bob.ask("join", in("lobby")), peer_list("lobby", {"alice", "bob"}));
  EXPECT_EQ(alice.ask("leave", in("lobby"), R"("id":1)"), ack("1", 0));
  EXPECT_EQ(bob.read(), peer_left("lobby", "alice"));
}

TEST_F(MutedTest, ItsTicketEnds) {
  Client alice = peer_in("lobby", "alice", 0);
  static_cast<void>(alice.ask("match", in("lobby")));
  refresh(alice, grant_for({"game"}));
  Client bob = peer_in("lobby", "bob", 1);
  EXPECT_EQ(bob.ask("match", in("lobby")), R"({"type":"match","payload":{"status":"waiting"}})");
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(MutedTest, ARoomsMemberNeitherKicksNorHears) {
  Client alice = owner_of("den", "alice", 4, 0);
  Client bob = peer_in("den", "bob", 1);
  static_cast<void>(alice.heard());
  refresh(alice, grant_for({"game"}));
  EXPECT_EQ(alice.ask("kick", R"({"room_id":"den","fingerprint":"bob"})"),
            error(403, "not allowed"));
  EXPECT_EQ(alice.ask("room_info", R"({"room_id":"den"})"), error(403, "not allowed"));
  EXPECT_EQ(alice.ask("kick", R"({"room_id":"no room","fingerprint":"bob"})"),
            error(403, "not allowed"));
  EXPECT_EQ(bob.ask("room_info", R"({"room_id":"den"})"), room_info("den", "alice", 4, 2));
  Client carol = peer_in("den", "carol", 1);
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(MutedTest, OneThatIsAllowedAgainIsAsItWas) {
  Client alice = peer_in("lobby", "alice", 0);
  refresh(alice, grant_for({"game"}));
  refresh(alice, grant_for({"lobby"}));
  Client bob = peer_in("lobby", "bob", 1);
  EXPECT_EQ(alice.read(), peer_joined("lobby", "bob"));
  EXPECT_EQ(bob.ask("signal", "1", R"("to":"alice","id":1)"), ack("1", 1));
  EXPECT_THAT(alice.read(), HasSubstr("signal"));
  EXPECT_EQ(alice.ask("broadcast", data_in("lobby"), R"("id":1)"), ack("1", 1));
}

TEST_F(MutedTest, WhoIsReplacedWhileMutedIsSeenToLeave) {
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  static_cast<void>(alice.heard());
  refresh(alice, grant_for({"game"}));
  Client again = peer("alice", 1);
  EXPECT_EQ(bob.read(), peer_left("lobby", "alice"));
}

// What other nodes send is not heard either, and nothing is sent to them.
class MutedClusterTest : public ClusterTest {
 protected:
  MutedClusterTest() { auth_.tokens = true; }
};

TEST_F(MutedClusterTest, HoldsForMessagesOfOtherNodes) {
  Client alice = peer_in("lobby", "alice");
  auth_.verdicts.always(grant_for({"game"}));
  EXPECT_EQ(alice.ask("auth_refresh", kNewToken), kRefreshed);
  std::string_view ns = "lobby";
  EXPECT_EQ(host().deliver(
                sdk::DirectedMessage{peer_named("far-1"), peer_named("alice"), {&ns, 1}, "{}"}),
            sdk::RouteOutcome::kForbidden);
  EXPECT_EQ(host().deliver(sdk::NamespaceMessage{ns, peer_named("far-1"), {}, "{}"}), 0U);
  host().member_joined(ns, peer_named("far-1"), object("far-1"));
  EXPECT_EQ(alice.ask("broadcast", data_in("lobby")), error(403, "not allowed"));
  EXPECT_THAT(broker_.told(), Not(Contains(HasSubstr("broadcast"))));
  // The boundary of a signal is checked where its target is: by the namespaces that it comes with.
  broker_.routes.always(sdk::RouteOutcome::kForbidden);
  EXPECT_EQ(alice.ask("signal", "1", R"("to":"<far-1>")"), error(403, "no shared namespace"));
  EXPECT_THAT(broker_.namespaces_of_latest_route(), IsEmpty());
}

// --- Peers that have proved to hold their key

class ProvedTest : public NodeTest {
 protected:
  // As with auth_keyproof: the next who registers has proved it.
  Client proved(std::string_view name, std::size_t loop = 0) {
    sdk::AuthGrant grant;
    grant.proved = true;
    auth_.verdicts.always(grant);
    Client client = peer(name, loop);
    auth_.verdicts.usual();
    return client;
  }
  void expect_refused(std::size_t loop) {
    Client guest = connect(loop);
    guest.send("register", R"({"public_key":"alice"})", R"("id":1)");
    EXPECT_THAT(guest.end(),
                ElementsAre(error(401, "key proof required", "1"), "4003 key proof required"));
  }
};

TEST_F(ProvedTest, WhoHasNotProvedTheKeyReplacesNobodyWhoHas) {
  loops_ = 2;
  Client alice = proved("alice");
  expect_refused(0);
  expect_refused(1);
  EXPECT_THAT(alice.heard(), IsEmpty());
  Client again = proved("alice", 1);
  EXPECT_THAT(alice.end(), ElementsAre("4001 replaced by a newer connection"));
  EXPECT_EQ(again.ask("ping", {}), R"({"type":"pong"})");
}

TEST_F(ProvedTest, WhoHasProvedTheKeyReplacesWhoHasNot) {
  Client guest = peer("alice");
  const Client alice = proved("alice");
  EXPECT_THAT(guest.end(), ElementsAre("4001 replaced by a newer connection"));
}

TEST_F(ProvedTest, OthersSeeIt) {
  Client bob = peer_in("lobby", "bob");
  Client alice = proved("alice");
  static_cast<void>(alice.ask("join", in("lobby")));
  EXPECT_THAT(bob.read(), HasSubstr(R"("alias":"alice","proved":true,"meta")"));
  EXPECT_THAT(bob.ask("discover", in("lobby")), HasSubstr(R"("alias":"alice","proved":true)"));
  EXPECT_THAT(bob.ask("discover", in("lobby")), Not(HasSubstr(R"("alias":"bob","proved")")));
}

TEST_F(ProvedTest, ARoomsPolicySeesIt) {
  std::vector<bool> seen;
  const auto note = [&](const sdk::RoomView& room, const sdk::RoomRequest& request) {
    seen.push_back(request.actor_proved);
    return TestRooms::by_the_guide(room, request);
  };
  rooms_.on(sdk::RoomAction::kCreate, note);
  rooms_.on(sdk::RoomAction::kJoin, note);
  Client alice = proved("alice");
  static_cast<void>(alice.ask("create_room", R"({"room_id":"den"})"));
  Client bob = peer_in("den", "bob");
  EXPECT_THAT(seen, ElementsAre(true, false));
}

class ProvedClusterTest : public ClusterTest {};

TEST_F(ProvedClusterTest, TheBrokerIsTold) {
  sdk::AuthGrant grant;
  grant.proved = true;
  auth_.verdicts.always(grant);
  const Client alice = peer("alice");
  auth_.verdicts.usual();
  const Client bob = peer("bob");
  EXPECT_THAT(broker_.told(), ElementsAre("proved alice"));
}

TEST_F(ProvedClusterTest, WhoHasItOnAnotherNodeStays) {
  broker_.registrations.always({.proof_required = true});
  Client guest = connect();
  guest.send("register", R"({"public_key":"alice"})");
  EXPECT_THAT(guest.end(),
              ElementsAre(error(401, "key proof required"), "4003 key proof required"));
}

// --- Revocation

class RevokeTest : public NodeTest {};

TEST_F(RevokeTest, ThrowsThePeerOut) {
  loops_ = 2;
  Client bob = peer_in("lobby", "bob", 0);
  Client alice = peer_in("lobby", "alice", 1);
  static_cast<void>(bob.heard());
  auth_.host().revoke(peer_named("alice"), "account closed");
  EXPECT_THAT(alice.end(), ElementsAre(error(401, "account closed"), "4003 account closed"));
  EXPECT_EQ(bob.read(), peer_left("lobby", "alice"));
  const Client again = peer("alice");  // the plugin lets her in
}

TEST_F(RevokeTest, KnowsAPeerByItsIdentity) {
  sdk::AuthGrant grant;
  grant.identity = "account 1";
  auth_.verdicts.always(grant);
  Client alice = connect();
  static_cast<void>(alice.ask("register", "{}"));
  auth_.host().revoke(peer_named("account 1"), "");
  auth_.host().revoke_identity("account 2", "");
  EXPECT_THAT(alice.heard(), IsEmpty());
  auth_.host().revoke_identity("account 1", "closed");
  EXPECT_THAT(alice.end(), ElementsAre(error(401, "closed"), "4003 closed"));
}

TEST_F(RevokeTest, WordsThatAreNoneAreReplaced) {
  Client alice = peer("alice");
  auth_.host().revoke(peer_named("alice"), "bad \xff");
  EXPECT_THAT(alice.end(), Contains("4003 authentication failed"));
}

TEST_F(RevokeTest, AVerdictThatIsOnItsWayDoesNotOutliveIt) {
  auth_.verdicts.hold();
  Client alice = connect();
  alice.send("register", R"({"public_key":"alice"})");
  auth_.verdicts.wait();
  static_cast<void>(peer_named("alice"));
  // Both from one thread of the plugin: first it lets her in, then it thinks better of it.
  auth_.verdicts.release();
  auth_.host().revoke(peer_named("alice"), "changed its mind");
  EXPECT_THAT(alice.end(), Contains("4003 changed its mind"));
}

TEST_F(RevokeTest, WhoIsAboutToReplaceThePeerIsThrownOutToo) {
  loops_ = 2;
  Client alice = peer("alice", 0);
  Client newer = connect(1);
  std::promise<void> go;
  node().loops[0]->post([goes = go.get_future().share()] { goes.wait(); });
  auth_.verdicts.hold();
  newer.send("register", R"({"public_key":"alice"})");
  auth_.verdicts.wait();
  auth_.verdicts.release();
  // The grant has been carried out there: now the other loop is to end the older one first.
  on_loop(1, [] {});
  auth_.host().revoke(peer_named("alice"), "account closed");
  on_loop(1, [] {});
  go.set_value();
  EXPECT_THAT(newer.end(), ElementsAre(error(401, "account closed"), "4003 account closed"));
  EXPECT_THAT(alice.end(), ElementsAre("4001 replaced by a newer connection"));
  auth_.verdicts.usual();
  const Client again = peer("alice", 1);  // nothing of it is left
}

// Of sessions that are away.

class AuthAwayTest : public ResumeTest {};

TEST_F(AuthAwayTest, ARevokedPeerDoesNotComeBack) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = resumable("bob", 1);
  join(bob);
  EXPECT_EQ(alice.read(), peer_joined("lobby", "bob"));
  leave(bob);
  auth_.host().revoke(peer_named("bob"), "account closed");
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
  Client again = connect(0);
  EXPECT_EQ(resume_with(again, token("bob"), 1), error(404, "session not found"));
}

TEST_F(AuthAwayTest, WhoHasNotProvedTheKeyDoesNotEndTheSession) {
  sdk::AuthGrant grant;
  grant.proved = true;
  auth_.verdicts.always(grant);
  Client alice = resumable("alice");
  leave(alice);
  auth_.verdicts.usual();
  Client guest = connect();
  guest.send("register", R"({"public_key":"alice"})");
  EXPECT_THAT(guest.end(),
              ElementsAre(error(401, "key proof required"), "4003 key proof required"));
  Client again = connect();
  EXPECT_THAT(resume(again, "alice", 0), HasSubstr("resumed"));
}

class RevokeClusterTest : public ClusterTest {};

TEST_F(RevokeClusterTest, OtherNodesAreTold) {
  Client alice = peer("alice");
  auth_.host().revoke(peer_named("bob"), "closed");
  EXPECT_THAT(alice.heard(), IsEmpty());
  EXPECT_THAT(broker_.told(), ElementsAre("revoke bob: closed"));
}

TEST_F(RevokeClusterTest, AnotherNodeThrowsAPeerOutHere) {
  Client alice = peer("alice");
  host().revoked(peer_named("alice"), "closed");
  EXPECT_THAT(alice.end(), ElementsAre(error(401, "closed"), "4003 closed"));
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice"));
}

}  // namespace
}  // namespace peer::test
