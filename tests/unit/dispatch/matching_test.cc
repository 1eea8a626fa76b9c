#include <stdexcept>

#include "core/server/node.h"
#include "tests/unit/dispatch/node_test.h"

// match and match_cancel, on one node and with others (docs/protocol.md, "match", "C.2 Tickets").
namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kWaiting = R"({"type":"match","payload":{"status":"waiting"}})";

// `id`: as JSON.
std::string waiting(std::string_view id) {
  return R"({"type":"match","id":)" + std::string(id) +
         R"(,"payload":{"status":"waiting","ticket":"T"}})";
}
std::string cancelled(std::string_view id) {
  return R"({"type":"match_cancelled","id":)" + std::string(id) + R"(,"payload":{"ticket":"T"}})";
}
std::string matched(std::string_view one, std::string_view other, std::string_view id = {}) {
  std::string text = R"({"type":"matched",)";
  if (!id.empty()) text.append("\"id\":").append(id).append(",");
  text += R"("namespace":"lobby","payload":{"namespace":"lobby","session_id":"S","peers":[)";
  return text + object(one) + "," + object(other) + R"(]},"ts":0})";
}

class MatchingTest : public NodeTest {};

TEST_F(MatchingTest, TwoAreMatchedOldestFirst) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  EXPECT_EQ(alice.read(), peer_joined("lobby", "bob"));
  EXPECT_EQ(alice.ask("match", kLobby), kWaiting);
  EXPECT_EQ(bob.ask("match", kLobby, R"("id":1)"), matched("alice", "bob", "1"));
  EXPECT_EQ(alice.read(), matched("alice", "bob"));
}

TEST_F(MatchingTest, Is400Then403Then429) {
  config_.max_peer_state = 800;
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("match", R"({"namespace":"other","group_size":65})"),
            error(400, "group_size too large"));
  EXPECT_EQ(alice.ask("match", R"({"namespace":"other"})"), error(403, "not in namespace"));
  EXPECT_EQ(alice.ask("match", R"({"namespace":"lobby","more":")" + std::string(900, 'x') + "\"}"),
            error(429, "too much state"));
}

TEST_F(MatchingTest, CancellingIs400Then403Then404) {
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("match_cancel", "{}"), error(400, "namespace required"));
  EXPECT_EQ(alice.ask("match_cancel", R"({"namespace":"other"})"), error(403, "not in namespace"));
  EXPECT_EQ(alice.ask("match_cancel", kLobby), error(404, "ticket not found"));
  EXPECT_EQ(alice.ask("match", kLobby, R"("id":1)"), waiting("1"));
  EXPECT_EQ(alice.ask("match_cancel", kLobby, R"("id":2)"), cancelled("2"));
}

TEST_F(MatchingTest, AStrategyMayRefuse) {
  strategy_.on_check = []() -> std::optional<std::string> { return "skill must be a number"; };
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("match", kLobby), error(400, "skill must be a number"));
}

TEST_F(MatchingTest, WhatAStrategyRefusesIs400Before403And429) {
  config_.max_peer_state = 800;
  strategy_.on_check = []() -> std::optional<std::string> { return "skill must be a number"; };
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("match", R"({"namespace":"other"})"), error(400, "skill must be a number"));
  EXPECT_EQ(alice.ask("match", R"({"namespace":"lobby","more":")" + std::string(900, 'x') + "\"}"),
            error(400, "skill must be a number"));
}

TEST_F(MatchingTest, AStrategyThatThrowsFailsTheRequest) {
  strategy_.on_check = []() -> std::optional<std::string> { throw std::runtime_error("no"); };
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("match", kLobby), error(500, "internal error"));
  EXPECT_THAT(log(), ElementsAre("plugin match_strategy 'test': check: no"));
}

TEST_F(MatchingTest, AStrategyThatMakesNoQueueIsNamed) {
  strategy_.makes_queues = false;
  EXPECT_EQ(peer_in("lobby", "alice").ask("match", kLobby), error(500, "internal error"));
  EXPECT_THAT(log(), ElementsAre("plugin match_strategy 'test': make_queue: returned no queue"));
}

TEST_F(MatchingTest, WordsOfAStrategyThatAreNotUtf8AreNotSaid) {
  strategy_.on_check = []() -> std::optional<std::string> { return "no\xff"; };
  EXPECT_EQ(peer_in("lobby", "alice").ask("match", kLobby), error(400, "refused"));
  EXPECT_THAT(log(), ElementsAre("plugin match_strategy 'test': check: refused in words that are "
                                 "not UTF-8"));
}

TEST_F(MatchingTest, ATicketExpires) {
  Client alice = peer_in("lobby", "alice");
  EXPECT_THAT(alice.ask("match", R"({"namespace":"lobby","timeout_ms":1})"), HasSubstr("waiting"));
  EXPECT_THAT(alice.read(), HasSubstr("match_expired"));
  EXPECT_EQ(alice.ask("match_cancel", kLobby), error(404, "ticket not found"));
}

TEST_F(MatchingTest, WhoHasGoneIsNotMatched) {
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("match", kLobby), kWaiting);
  leave(alice);
  EXPECT_EQ(peer_in("lobby", "bob").ask("match", kLobby), kWaiting);
}

// --- With other nodes

class SharedMatchingTest : public ClusterTest {
 protected:
  SharedMatchingTest() { loops_ = 2; }

  // Two members, on the two loops; the first waits for a match.
  void make_alice_wait() {
    alice_.emplace(peer_in("lobby", "alice", 0));
    bob_.emplace(peer_in("lobby", "bob", 1));
    EXPECT_EQ(alice_->read(), peer_joined("lobby", "bob"));
    EXPECT_EQ(alice_->ask("match", kLobby, R"("id":1)"), waiting("1"));
  }
  // And then the second asks too, while a claim of both is not answered.
  void make_bob_ask() {
    make_alice_wait();
    broker_.claims.hold();
    bob_->send("match", kLobby, R"("id":2)");
    broker_.claims.wait();
  }

  std::optional<Client> alice_;
  std::optional<Client> bob_;
};

TEST_F(SharedMatchingTest, AClaimThatIsAnsweredAtOnceMatches) {
  make_alice_wait();
  EXPECT_EQ(bob_->ask("match", kLobby, R"("id":2)"), matched("alice", "bob", "2"));
  EXPECT_EQ(alice_->read(), matched("alice", "bob"));
}

TEST_F(SharedMatchingTest, AClaimMayBeAnsweredLater) {
  make_bob_ask();
  broker_.claims.release(sdk::ClaimOutcome{true, {}});
  EXPECT_EQ(bob_->read(), matched("alice", "bob", "2"));
  EXPECT_EQ(alice_->read(), matched("alice", "bob"));
  EXPECT_EQ(bob_->ask(R"({"type":"ping"})"), R"({"type":"pong"})");
}

// Word that a ticket waits, and word of its match, come while the peer's loop is at work.
TEST_F(SharedMatchingTest, WhoIsMatchedIsNotToldAfterwardsThatItWaits) {
  Client alice = peer_in("lobby", "alice");
  broker_.additions.hold();
  alice.send("match", kLobby, R"("id":1)");
  broker_.additions.wait();
  on_loop(0, [this] {
    const sdk::TicketId ticket = broker_.last_ticket();
    const std::vector<sdk::MatchedPeer> peers{{peer_named("alice"), ticket, "{}"}};
    host().ticket_waits("lobby", ticket);
    host().matched({"lobby", "0123456789abcdef0123456789abcdef", peers});
  });
  EXPECT_THAT(alice.heard(), ElementsAre(HasSubstr(R"({"type":"matched","id":1,)")));
}

TEST_F(SharedMatchingTest, WhereNobodyCanBeAskedOwnTicketsAreMatched) {
  elsewhere("cut");
  make_alice_wait();
  EXPECT_EQ(bob_->ask("match", kLobby, R"("id":2)"), matched("alice", "bob", "2"));
  EXPECT_EQ(alice_->read(), matched("alice", "bob"));
}

TEST_F(SharedMatchingTest, ABrokerThatThrowsCannotKnow) {
  broker_.claims.fail();
  broker_.additions.fail();
  broker_.ticket_ends.fail();
  make_alice_wait();
  EXPECT_EQ(bob_->ask("match", kLobby, R"("id":2)"), matched("alice", "bob", "2"));
  EXPECT_EQ(bob_->ask("match", kLobby, R"("id":3)"), waiting("3"));
  EXPECT_EQ(bob_->ask("match_cancel", kLobby, R"("id":4)"), cancelled("4"));
}

TEST_F(SharedMatchingTest, ATicketThatIsClaimedElsewhereIsGone) {
  elsewhere("wait lobby 7");
  elsewhere("steal lobby 7");
  make_alice_wait();
  EXPECT_EQ(bob_->ask("match", kLobby, R"("id":2)"), matched("alice", "bob", "2"));
}

TEST_F(SharedMatchingTest, AClaimThatMakesNoSenseIsTheBrokersFault) {
  make_bob_ask();
  broker_.claims.release(sdk::ClaimOutcome{true, {12345}});
  settle();
  EXPECT_THAT(log(), ElementsAre("plugin broker 'test': claim: said that tickets are gone which "
                                 "were not claimed"));
}

TEST_F(SharedMatchingTest, WhoGoesDuringAClaimIsMatchedAllTheSame) {
  make_bob_ask();
  leave(*bob_);
  broker_.claims.release();
  EXPECT_THAT(alice_->heard(), ElementsAre(matched("alice", "bob"), peer_left("lobby", "bob")));
}

TEST_F(SharedMatchingTest, AnEndMayBeAnsweredLater) {
  make_alice_wait();
  broker_.ticket_ends.hold();
  alice_->send("match_cancel", kLobby, R"("id":2)");
  alice_->send(R"({"type":"ping"})");
  broker_.ticket_ends.wait();
  EXPECT_TRUE(alice_->waits());
  broker_.ticket_ends.release();
  EXPECT_EQ(alice_->read(), cancelled("2"));
  EXPECT_EQ(alice_->read(), R"({"type":"pong"})");
}

TEST_F(SharedMatchingTest, ATicketThatIsGoneElsewhereCannotBeCancelled) {
  make_alice_wait();
  broker_.ticket_ends.always(sdk::TicketEnd::kGone);
  EXPECT_EQ(alice_->ask("match_cancel", kLobby, R"("id":2)"), error(404, "ticket not found", "2"));
  broker_.ticket_ends.always(sdk::TicketEnd::kUnavailable);
  EXPECT_EQ(alice_->ask("match_cancel", kLobby, R"("id":3)"), cancelled("3"));
}

TEST_F(SharedMatchingTest, AnEndForWhoHasGoneIsNothing) {
  make_alice_wait();
  broker_.ticket_ends.hold();
  alice_->send("match_cancel", kLobby);
  broker_.ticket_ends.wait();
  broker_.ticket_ends.usual();
  leave(*alice_);
  broker_.ticket_ends.release();
  EXPECT_THAT(bob_->heard(), ElementsAre(peer_left("lobby", "alice")));
}

TEST_F(SharedMatchingTest, WhoseTicketNobodyLooksAtStillWaitsForItsAnswer) {
  broker_.additions.hold();
  Client alice = peer_in("lobby", "alice");
  alice.send("match", kLobby, R"("id":1)");
  broker_.additions.wait();
  EXPECT_TRUE(alice.waits());
  host().kicked("lobby", peer_named("alice"), peer_named("far-1"));
  // Nothing of the namespace comes behind the end in it.
  EXPECT_EQ(alice.read(), error(403, "not in namespace", "1"));
  EXPECT_THAT(alice.read(), HasSubstr("\"kick\""));
  EXPECT_EQ(alice.ask(R"({"type":"ping"})"), R"({"type":"pong"})");
}

TEST_F(SharedMatchingTest, AStrategyOfASharedQueueThatRefuses) {
  strategy_.on_check = []() -> std::optional<std::string> { return "skill must be a number"; };
  EXPECT_EQ(peer_in("lobby", "alice").ask("match", kLobby), error(400, "skill must be a number"));
}

TEST_F(SharedMatchingTest, AStrategyThatMakesNoSharedQueueIsNamed) {
  strategy_.makes_queues = false;
  Client alice = peer_in("lobby", "alice");
  elsewhere("wait lobby 7");
  settle();
  EXPECT_THAT(log(), ElementsAre("plugin match_strategy 'test': make_queue: returned no queue"));
}

TEST_F(SharedMatchingTest, ATicketThatIsNoRequestIsTheBrokersFault) {
  for (const std::string_view request :
       {"", "7", "{", R"({"namespace":"hall"})", R"({"namespace":"lobby"},"id":7)"}) {
    sdk::SharedTicket ticket{1, {peer_named("far-1"), 1}, {}, std::string(request)};
    host().ticket_added("lobby", ticket);
    settle();
  }
  EXPECT_THAT(broker_.told(), IsEmpty());
  EXPECT_EQ(node().broker_calls.counts().errors, 5U);
  EXPECT_THAT(log(), ElementsAre("plugin broker 'test': ticket_added: brought a ticket "
                                 "that is none"));
}

TEST_F(SharedMatchingTest, ATicketOfAnotherNodeIsLookedAtAndItsNodeIsTold) {
  static_cast<void>(peer_in("lobby", "alice"));
  elsewhere("wait lobby 7");
  settle();
  EXPECT_THAT(broker_.told(), testing::Contains("ticket_waits lobby"));
}

}  // namespace
}  // namespace peer::test
