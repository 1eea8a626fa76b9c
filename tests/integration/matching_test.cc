// docs/protocol.md, "match".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::MatchesRegex;
using testing::UnorderedElementsAre;

class MatchingTest : public ServerTest {
 protected:
  /// A peer in "lobby"; the others in there hear of it, so use it before anyone must be silent.
  TestPeer member(std::string_view name) { return peer_in("lobby", name); }
  static void request(TestPeer& peer, std::string_view more = {}) {
    peer.send("match", fmt(R"({"namespace":"lobby"%%})", more.empty() ? "" : ",", more));
  }
  static void expect_waiting(TestPeer& peer, std::string_view more = {}) {
    request(peer, more);
    EXPECT_EQ(after_joins(peer)["payload"], R"({"status":"waiting"})"_json);
  }
  /// The next message that tells of no join.
  static Json after_joins(TestPeer& peer) {
    Json reply = peer.next();
    while (reply["type"].str() == "peer_joined") reply = peer.next();
    return reply;
  }
  static std::vector<std::string> aliases(const Json& matched) {
    EXPECT_EQ(matched["type"].str(), "matched");
    std::vector<std::string> names;
    const Json peers = matched["payload"]["peers"];
    for (std::size_t i = 0; i < peers.size(); ++i) names.push_back(peers[i]["alias"].str());
    return names;
  }
  /// Two peers with these criteria (or other fields) match, or both wait.
  bool match_each_other(std::string_view first, std::string_view second) {
    TestPeer a = member("a");
    TestPeer b = member("b");
    expect_waiting(a, first);
    request(b, second);
    const bool matched = after_joins(b)["type"].str() == "matched";
    a.close();
    b.close();
    wait_for_peers(0);
    return matched;
  }
};

using Names = std::vector<std::string>;

TEST_F(MatchingTest, TheFirstWaitsAndTheSecondCompletesTheMatch) {
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  alice.next("peer_joined");
  request(alice, R"("group_size":2)");
  EXPECT_EQ(alice.next("match")["payload"], R"({"status":"waiting"})"_json);
  request(bob, R"("group_size":2)");
  const Json matched = bob.next("matched");
  EXPECT_EQ(matched["namespace"].str(), "lobby");
  EXPECT_THAT(matched["payload"].keys(), UnorderedElementsAre("namespace", "session_id", "peers"));
  EXPECT_EQ(matched["payload"]["namespace"].str(), "lobby");
  EXPECT_THAT(matched["payload"]["session_id"].str(), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(matched["payload"]["peers"][0]["fingerprint"].str(), alice.fingerprint());
  EXPECT_EQ(aliases(matched), (Names{"alice", "bob"}));
  EXPECT_EQ(alice.next("matched")["payload"], matched["payload"]);
  expect_silence_of({&alice, &bob});
}

TEST_F(MatchingTest, EachMatchHasItsOwnSessionId) {
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    expect_waiting(alice);
    request(bob);
    ids.push_back(bob.next("matched")["payload"]["session_id"].str());
    alice.next("matched");
  }
  EXPECT_NE(ids[0], ids[1]);
}

TEST_F(MatchingTest, TheOldestTicketGoesFirst) {
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  TestPeer carol = member("carol");
  TestPeer dave = member("dave");
  expect_waiting(alice, R"("group_size":3)");
  expect_waiting(bob, R"("group_size":3)");
  request(carol, R"("group_size":3)");
  EXPECT_EQ(aliases(after_joins(carol)), (Names{"alice", "bob", "carol"}));
  expect_waiting(dave, R"("group_size":3)");
}

TEST_F(MatchingTest, AGroupOfFourIsToldToAllFour) {
  TestPeer peers[] = {member("a"), member("b"), member("c"), member("d")};
  for (int i = 0; i < 3; ++i) expect_waiting(peers[i], R"("group_size":4)");
  request(peers[3], R"("group_size":4)");
  for (TestPeer& peer : peers) {
    EXPECT_EQ(aliases(after_joins(peer)), (Names{"a", "b", "c", "d"}));
  }
}

TEST_F(MatchingTest, OnlyEqualGroupSizesMatch) {
  EXPECT_FALSE(match_each_other(R"("group_size":2)", R"("group_size":3)"));
}

TEST_F(MatchingTest, AGroupSizeBelowTwoCountsAsTwo) {
  for (const char* size : {"1", "0", "-5", "null"}) {
    EXPECT_TRUE(match_each_other("", fmt(R"("group_size":%)", size))) << size;
  }
}

TEST_F(MatchingTest, CriteriaAreComparedAsValues) {
  const auto match = [this](std::string_view a, std::string_view b) {
    return match_each_other(fmt(R"("criteria":%)", a), fmt(R"("criteria":%)", b));
  };
  EXPECT_TRUE(
      match(R"({"mode":"ranked","region":"us"})", R"({ "region" : "us","mode":"ranked" })"));
  EXPECT_TRUE(match(R"({"a":1})", R"({"a":1.0})"));
  EXPECT_TRUE(match(R"({"a":{"b":1,"c":[1,2]}})", R"({"a":{"c":[1.0,2],"b":1}})"));
  EXPECT_TRUE(match(R"({"a":"A"})", R"({"a":"\u0041"})"));
  EXPECT_FALSE(match(R"({"a":1})", R"({"a":"1"})"));
  EXPECT_FALSE(match(R"({"a":1})", R"({"a":true})"));
  EXPECT_FALSE(match(R"({"a":1})", R"({"a":2})"));
  EXPECT_FALSE(match(R"({"a":1})", R"({"b":1})"));
  EXPECT_FALSE(match(R"({"a":1})", R"({"a":1,"b":1})"));
  EXPECT_FALSE(match(R"({"a":[1,2]})", R"({"a":[2,1]})"));
  EXPECT_FALSE(match(R"({"a":null})", R"({"a":0})"));
}

TEST_F(MatchingTest, AbsentCriteriaAreNullAndEmpty) {
  EXPECT_TRUE(match_each_other("", R"("criteria":null)"));
  EXPECT_TRUE(match_each_other(R"("criteria":{})", ""));
  EXPECT_FALSE(match_each_other("", R"("criteria":{"a":1})"));
}

TEST_F(MatchingTest, OnlyPeersOfTheSameNamespaceMatch) {
  TestPeer alice = member("alice");
  TestPeer bob = peer_in("elsewhere", "bob");
  expect_waiting(alice);
  bob.send("match", R"({"namespace":"elsewhere"})");
  EXPECT_EQ(bob.next("match")["payload"]["status"].str(), "waiting");
  alice.expect_silence();
}

TEST_F(MatchingTest, NobodyMatchesItself) {
  TestPeer alice = member("alice");
  expect_waiting(alice);
  expect_waiting(alice);
  alice.expect_silence();
}

TEST_F(MatchingTest, AnEqualRequestKeepsItsPlace) {
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  TestPeer carol = member("carol");
  expect_waiting(alice, R"("group_size":3,"criteria":{"x":1,"y":2})");
  expect_waiting(bob, R"("group_size":3,"criteria":{"x":1,"y":2})");
  expect_waiting(alice, R"("group_size":3,"criteria":{"y":2,"x":1})");
  request(carol, R"("group_size":3,"criteria":{"x":1,"y":2})");
  EXPECT_EQ(aliases(after_joins(carol)), (Names{"alice", "bob", "carol"}));
}

TEST_F(MatchingTest, ADifferentRequestReplacesTheOldOneAtTheBack) {
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  TestPeer carol = member("carol");
  expect_waiting(alice, R"("group_size":3,"criteria":{"x":1})");
  expect_waiting(bob, R"("group_size":3,"criteria":{"x":2})");
  expect_waiting(alice, R"("group_size":3,"criteria":{"x":2})");
  request(carol, R"("group_size":3,"criteria":{"x":2})");
  EXPECT_EQ(aliases(after_joins(carol)), (Names{"bob", "alice", "carol"}));
}

TEST_F(MatchingTest, AReplacedRequestIsGone) {
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  expect_waiting(alice, R"("criteria":{"x":1})");
  expect_waiting(alice, R"("criteria":{"x":2})");
  expect_waiting(bob, R"("criteria":{"x":1})");
}

TEST_F(MatchingTest, OneTicketInEachNamespaceMayWait) {
  TestPeer alice = member("alice");
  alice.join("second");
  expect_waiting(alice);
  alice.send("match", R"({"namespace":"second","group_size":3})");
  alice.next("match");
  TestPeer bob = member("bob");
  request(bob);
  EXPECT_EQ(aliases(bob.next()), (Names{"alice", "bob"}));
}

TEST_F(MatchingTest, LeavingEndsTheTicket) {
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  expect_waiting(alice);
  alice.send("leave", R"({"namespace":"lobby"})");
  bob.next("peer_left");
  expect_waiting(bob);
  alice.expect_silence();
}

TEST_F(MatchingTest, RejoiningAfterLeavingDoesNotBringTheTicketBack) {
  TestPeer alice = member("alice");
  expect_waiting(alice);
  alice.send("leave", R"({"namespace":"lobby"})");
  alice.join("lobby");
  TestPeer bob = member("bob");
  expect_waiting(bob);
}

TEST_F(MatchingTest, ADisconnectEndsTheTicket) {
  TestPeer bob = member("bob");
  {
    TestPeer alice = member("alice");
    expect_waiting(alice);
    alice.close();
  }
  bob.next("peer_joined");
  bob.next("peer_left");
  expect_waiting(bob);
}

TEST_F(MatchingTest, BeingKickedEndsTheTicket) {
  TestPeer owner = peer("owner");
  TestPeer alice = peer("alice");
  owner.create_room("den");
  alice.join("den");
  alice.send("match", R"({"namespace":"den"})");
  alice.next("match");
  owner.send("kick", R"({"room_id":"den","fingerprint":"alice"})");
  owner.next("peer_joined");
  owner.next("peer_left");
  owner.send("match", R"({"namespace":"den"})");
  EXPECT_EQ(owner.next("match")["payload"]["status"].str(), "waiting");
}

TEST_F(MatchingTest, BadRequestsAreRefused) {
  TestPeer alice = member("alice");
  alice.expect_refused(message("match"), 400, "namespace required");
  alice.expect_refused(message("match", R"({"namespace":""})"), 400, "namespace required");
  alice.expect_refused(message("match", R"({"namespace":[]})"), 400, "namespace must be a string");
  for (const char* size : {"2.5", R"("2")", "true", "{}"}) {
    request(alice, fmt(R"("group_size":%)", size));
    alice.expect_error_like(400, "^group_size must be an? integer$");
  }
  for (const char* criteria : {"5", R"("x")", "[]", "true"}) {
    request(alice, fmt(R"("criteria":%)", criteria));
    alice.expect_error_like(400, "^criteria must be an? object$");
  }
  request(alice, R"("group_size":2,"group_size":2)");
  alice.expect_error(400, "duplicate field");
  alice.expect_refused(message("match", R"({"namespace":"nowhere"})"), 403, "not in namespace");
}

TEST_F(MatchingTest, OnlyMembersMayMatch) {
  TestPeer alice = member("alice");
  TestPeer stranger = peer("stranger");
  expect_waiting(alice);
  stranger.expect_refused(message("match", R"({"namespace":"lobby"})"), 403, "not in namespace");
  alice.expect_silence();
}

TEST_F(MatchingTest, BoundsOfMatchAreInclusive) {
  TestPeer alice = member("alice");
  expect_waiting(alice, R"("group_size":64)");
  request(alice, R"("group_size":65)");
  alice.expect_error_like(400, "group_size");
  request(alice, R"("group_size":9223372036854775808)");
  alice.expect_error_like(400, "");
  expect_waiting(alice, fmt(R"("criteria":{"c":"%"})", std::string(4096 - 8, 'x')));
  request(alice, fmt(R"("criteria":{"c":"%"})", std::string(4096 - 7, 'x')));
  alice.expect_error_like(400, "criteria");
}

TEST_F(MatchingTest, TheLargestGroupIsConfigurable) {
  start({"match_group_max=3"});
  TestPeer alice = member("alice");
  expect_waiting(alice, R"("group_size":3)");
  request(alice, R"("group_size":4)");
  alice.expect_error_like(400, "group_size");
}

}  // namespace
}  // namespace peer::test
