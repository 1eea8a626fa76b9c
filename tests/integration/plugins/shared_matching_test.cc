// Matching with other nodes, as this node sees it: sdk/broker.h; ARCHITECTURE.md, "Rooms and
// matching"; docs/protocol.md, "match", "C.2 Tickets".
#include "tests/integration/plugins/shared_state_test.h"

namespace peer::test {
namespace {

class SharedMatchingTest : public SharedStateTest {
 protected:
  static std::string match(std::string_view more = {}) {
    return message("match", fmt(R"({"namespace":"lobby"%%})", more.empty() ? "" : ",", more));
  }
  static void wait_in(TestPeer& peer, std::string_view more = {}) {
    peer.send(match(more));
    EXPECT_EQ(peer.next("match")["payload"]["status"].str(), "waiting");
  }
  /// A request with a ticket of its own; returns that.
  static std::string ticket_of(TestPeer& peer, std::string_view more = {}) {
    peer.send(message("match", fmt(R"({"namespace":"lobby"%%})", more.empty() ? "" : ",", more),
                      R"("id":1)"));
    return peer.next("match")["payload"]["ticket"].str();
  }
  static std::vector<std::string> matched_aliases(const Json& matched) {
    std::vector<std::string> aliases;
    const Json peers = matched["payload"]["peers"];
    for (std::size_t i = 0; i < peers.size(); ++i) aliases.push_back(peers[i]["alias"].str());
    return aliases;
  }
};

INSTANTIATE_TEST_SUITE_P(Loops, SharedMatchingTest, testing::Values(1, 3));

using testing::ElementsAre;

TEST_P(SharedMatchingTest, PeersOfThisNodeMatchThroughTheBroker) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  wait_in(alice);
  bob.send(match());
  const Json first = alice.next("matched");
  const Json second = bob.next("matched");
  EXPECT_EQ(first["payload"], second["payload"]);
  EXPECT_EQ(first["namespace"].str(), "lobby");
  EXPECT_THAT(matched_aliases(first), ElementsAre("alice", "bob"));
  expect_silence_of({&alice, &bob});
}

TEST_P(SharedMatchingTest, APeerMatchesOneOfAnotherNode) {
  TestPeer alice = peer_in("lobby", "alice");
  command("join lobby 7");
  alice.next("peer_joined");
  command("wait lobby 7");
  alice.send(match());
  EXPECT_THAT(matched_aliases(alice.next("matched")), ElementsAre("far-7", "alice"));
  alice.expect_silence();
}

TEST_P(SharedMatchingTest, MatchedEchoesTheIdOfTheRequestThatCompletedTheGroupOnly) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  ticket_of(alice);
  bob.send(message("match", R"({"namespace":"lobby"})", R"("id":"b")"));
  EXPECT_EQ(bob.next("matched")["id"].str(), "b");
  EXPECT_FALSE(alice.next("matched")["id"].exists());
}

TEST_P(SharedMatchingTest, ATicketThatIsClaimedElsewhereIsNotMatched) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  command("wait lobby 7");
  command("steal lobby 7");
  wait_in(alice);
  alice.expect_silence();
  bob.send(match());
  EXPECT_THAT(matched_aliases(bob.next("matched")), ElementsAre("alice", "bob"));
  alice.next("matched");
}

TEST_P(SharedMatchingTest, AnEqualRequestKeepsItsPlaceAndAnotherReplacesIt) {
  TestPeer alice = peer_in("lobby", "alice");
  const std::string ticket = ticket_of(alice);
  EXPECT_EQ(ticket_of(alice), ticket);
  EXPECT_NE(ticket_of(alice, R"("criteria":{"a":1})"), ticket);
  command("wait lobby 7");
  alice.expect_silence();
}

TEST_P(SharedMatchingTest, ACancelledTicketMatchesNobody) {
  TestPeer alice = peer_in("lobby", "alice");
  const std::string ticket = ticket_of(alice);
  alice.send("match_cancel", R"({"namespace":"lobby"})");
  EXPECT_EQ(alice.next("match_cancelled")["payload"]["ticket"].str(), ticket);
  command("wait lobby 7");
  alice.expect_refused(message("match_cancel", R"({"namespace":"lobby"})"), 404,
                       "ticket not found");
}

TEST_P(SharedMatchingTest, ATicketExpiresOnce) {
  TestPeer alice = peer_in("lobby", "alice");
  const std::string ticket = ticket_of(alice, R"("timeout_ms":20)");
  EXPECT_EQ(alice.next("match_expired")["payload"]["ticket"].str(), ticket);
  command("wait lobby 7");
  alice.expect_silence();
}

TEST_P(SharedMatchingTest, WhoLeavesIsNotMatched) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  wait_in(alice);
  alice.send("leave", R"({"namespace":"lobby"})");
  bob.next("peer_left");
  wait_in(bob);
  expect_silence_of({&alice, &bob});
}

TEST_P(SharedMatchingTest, WhenMatchingMovesThisNodeProposesNoMore) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  wait_in(alice);
  command("move_matching lobby");
  bob.send(match());
  bob.send("ping", "");  // its turn comes with the answer
  command("look lobby 2");
  EXPECT_EQ(bob.next("match")["payload"]["status"].str(), "waiting");
  bob.next("pong");
  alice.expect_silence();
}

TEST_P(SharedMatchingTest, WhoIsKickedBeforeItsRequestIsLookedAtHearsThatItIsNoMember) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.create_room("den");
  command("move_matching den");
  alice.send(message("match", R"({"namespace":"den"})", R"("id":9)"));
  alice.send("ping", "");
  command(fmt("kick den %", alice.fingerprint()));
  alice.expect_error(403, "not in namespace");
  alice.next("kick");
  alice.next("pong");
}

TEST_P(SharedMatchingTest, WithoutTheClusterOwnPeersMatch) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  command("wait lobby 7");
  command("cut");
  wait_in(alice);
  alice.expect_silence();
  bob.send(match());
  EXPECT_THAT(matched_aliases(bob.next("matched")), ElementsAre("alice", "bob"));
  alice.next("matched");
  const std::string ticket = ticket_of(alice);
  alice.send("match_cancel", R"({"namespace":"lobby"})");
  EXPECT_EQ(alice.next("match_cancelled")["payload"]["ticket"].str(), ticket);
}

}  // namespace
}  // namespace peer::test
