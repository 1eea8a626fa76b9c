// What an outage leaves behind is put right when it is over, and clients are told what they missed.
#include <csignal>

#include "tests/integration/cluster/network_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;

/// Redis is taken for away after 200 ms, but no node is taken for dead.
constexpr const char* kPatientLease = "beat_ms: 100, lease_ms: 20000, timeout_ms: 200";

class OutageTest : public NetworkTest {
 protected:
  void start() { start_behind_proxy(kPatientLease); }
  /// All nodes lose Redis, and it comes back with nothing.
  void lose_redis() {
    redis().kill();
    wait_for_state(first(), "degraded");
    wait_for_state(second(), "degraded");
  }
  void bring_redis_back() {
    redis().restart();
    wait_for_state(first(), "connected");
    wait_for_state(second(), "connected");
    wait_for_nodes(first(), 2);
    wait_for_nodes(second(), 2);
  }
  static void expect_owner(TestPeer& witness, const TestPeer& owner) {
    Json message = witness.next();
    while (message["type"].str() == "peer_left") message = witness.next();
    EXPECT_EQ(message["type"].str(), "room_updated") << witness.last_text();
    EXPECT_EQ(message["payload"]["owner"].str(), owner.fingerprint());
  }
  /// Asks until the others see in "game" that the peer's alias is another's.
  static void wait_for_taken_alias(TestPeer& asker, const TestPeer& peer) {
    const Deadline deadline;
    bool is_taken = false;
    while (!is_taken && !deadline.passed()) {
      asker.send("discover", R"({"namespace":"game"})");
      Json reply = asker.next();
      while (reply["type"].str().starts_with("peer_joined")) reply = asker.next();
      const Json peers = reply["payload"]["peers"];  // none while the rate limit refuses
      for (std::size_t i = 0; peers.exists() && i < peers.size(); ++i) {
        is_taken |=
            peers[i]["fingerprint"].str() == peer.fingerprint() && peers[i]["alias_taken"].exists();
      }
    }
    EXPECT_TRUE(is_taken);
  }
  static void leave(TestPeer& peer, std::string_view ns) {
    peer.send("leave", fmt(R"({"namespace":"%"})", ns));
    peer.round_trip();
  }
};

TEST_F(OutageTest, WhoJoinsMeanwhileHearsOfTheMembersElsewhereWhenItIsOver) {
  start();
  cut_off();
  TestPeer carol = peer_in(first(), "game", "carol");
  expect_news(alice(), "peer_joined", carol);
  heal();
  expect_news(carol, "peer_joined", bob());
  expect_news(bob(), "peer_joined", carol);
  expect_silence_of({&alice(), &bob(), &carol});
}

TEST_F(OutageTest, WhoMovesMeanwhileIsToldOfAsGoneAndComeWhereItIsKnown) {
  start();
  TestPeer old = peer_in(second(), "game", "carol");
  for (TestPeer* peer : {&alice(), &bob()}) expect_news(*peer, "peer_joined", old);
  cut_off();
  TestPeer fresh = peer_in(first(), "game", "carol");
  expect_news(alice(), "peer_left", fresh);
  expect_news(alice(), "peer_joined", fresh);
  heal();
  old.ws().expect_close(4001);
  expect_news(bob(), "peer_left", fresh);
  expect_news(bob(), "peer_joined", fresh);
  expect_news(fresh, "peer_joined", bob());
  expect_silence_of({&alice(), &bob(), &fresh});
  expect_whole({{"game", {&alice(), &bob(), &fresh}}});
}

TEST_F(OutageTest, AnOwnerWhoLeavesARoomThatRedisForgetsIsSucceeded) {
  start();
  alice().create_room("den");
  bob().join("den");
  expect_news(alice(), "peer_joined", bob());
  TestPeer carol = peer_in(second(), "den", "carol");
  for (TestPeer* peer : {&alice(), &bob()}) expect_news(*peer, "peer_joined", carol);
  lose_redis();
  leave(alice(), "den");
  bring_redis_back();
  expect_owner(bob(), bob());
  expect_owner(carol, bob());
  expect_whole({{"game", {&alice(), &bob()}}, {"den", {&bob(), &carol}}});
}

TEST_F(OutageTest, ARoomThatChangesHandsMeanwhileIsToldToItsMemberWhoStayed) {
  start();
  TestPeer carol = peer(second(), "carol");
  carol.create_room("den");
  bob().join("den");
  expect_news(carol, "peer_joined", bob());
  alice().join("den");
  for (TestPeer* peer : {&carol, &bob()}) expect_news(*peer, "peer_joined", alice());
  cut_off();
  leave(carol, "den");
  heal();
  std::vector<std::string> news;
  while (news.size() < 2) {
    const Json message = alice().next();
    news.push_back(message["type"].str());
    if (news.back() == "room_updated") {
      EXPECT_EQ(message["payload"]["owner"].str(), bob().fingerprint());
    }
  }
  EXPECT_THAT(news, testing::UnorderedElementsAre("peer_left", "room_updated"));
  alice().expect_silence();
}

TEST_F(OutageTest, WhoIsKickedMeanwhileIsNotPutBack) {
  start();
  bob().create_room("den");
  alice().join("den");
  expect_news(bob(), "peer_joined", alice());
  cut_off();
  bob().send("kick", fmt(R"({"room_id":"den","fingerprint":"%"})", alice().fingerprint()));
  expect_news(bob(), "peer_left", alice());
  heal();
  EXPECT_EQ(alice().next("kick")["from"].str(), bob().fingerprint());
  expect_silence_of({&alice(), &bob()});
  expect_whole({{"game", {&alice(), &bob()}}, {"den", {&bob()}}});
}

TEST_F(OutageTest, ATicketThatIsCancelledMeanwhileMatchesNobody) {
  start();
  alice().send("match", R"({"namespace":"game"})");
  alice().next("match");
  cut_off();
  alice().send("match_cancel", R"({"namespace":"game"})");
  alice().next("match_cancelled");
  heal();
  bob().send("match", R"({"namespace":"game"})");
  EXPECT_EQ(bob().next("match")["payload"]["status"].str(), "waiting");
  expect_silence_of({&alice(), &bob()});
}

TEST_F(OutageTest, TicketsOfBothSidesMatchWhenItIsOver) {
  start();
  for (const char* ns : {"a", "b", "c", "d"}) {
    alice().join(ns);
    bob().join(ns);
    expect_news(alice(), "peer_joined", bob());
    cut_off();
    alice().send("match", fmt(R"({"namespace":"%"})", ns));
    alice().next("match");
    bob().send("match", fmt(R"({"namespace":"%"})", ns));
    bob().next("match");
    heal();
    EXPECT_EQ(alice().next("matched")["payload"], bob().next("matched")["payload"]);
  }
}

TEST_F(OutageTest, AnAliasThatTwoTookLeadsToWhoRegisteredFirst) {
  start();
  TestPeer carol = peer_in(second(), "game", "carol");
  for (TestPeer* peer : {&alice(), &bob()}) expect_news(*peer, "peer_joined", carol);
  cut_off();
  TestPeer other(first().port());
  EXPECT_EQ(other.register_as("other", R"("alias":"carol")")["payload"].keys().size(), 2U);
  other.join("game");
  expect_news(alice(), "peer_joined", other);
  heal();
  alice().send_to("carol", "1");
  EXPECT_EQ(carol.next("peer_joined")["from"].str(), other.fingerprint());
  EXPECT_EQ(carol.next("signal")["payload"].number(), 1);
  expect_news_of(other, "peer_joined", {&bob(), &carol});
  for (TestPeer* asker : {&alice(), &bob()}) wait_for_taken_alias(*asker, other);
}

TEST_F(OutageTest, MessagesOfALongOutageAreDroppedAndNobodyIsNotFound) {
  start_behind_proxy();  // longer than the lease
  redis().signal(SIGSTOP);
  wait_for_state(first(), "degraded");
  for (const Deadline lease(1s); !lease.passed();) {
    alice().send_to(bob().fingerprint(), "1");
    alice().round_trip();
  }
  redis().signal(SIGCONT);
  for (const Deadline soon(500ms); !soon.passed();) {
    alice().send_to(bob().fingerprint(), "2");
    alice().round_trip();
  }
  wait_until_healed();
  while (bob().next("signal")["payload"].number() != 2) continue;
}

TEST_F(OutageTest, WhoAsksIsToldInTimeAndAtOnceWhenTheOutageIsLong) {
  start();
  redis().kill();
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  const auto ask = [this](int id) {
    alice().send("signal", "1", fmt(R"("to":"%","id":%)", bob().fingerprint(), id));
  };
  for (int id = 1; id <= 20; ++id) ask(id);
  for (int id = 1; id <= 20; ++id) alice().expect_error(503, "cluster unavailable");
  ask(21);
  alice().expect_error(503, "cluster unavailable");  // the outage is longer than a message waits
  const Deadline at_once(1s);
  for (int id = 22; id <= 40; ++id) ask(id);
  for (int id = 22; id <= 40; ++id) alice().expect_error(503, "cluster unavailable");
  EXPECT_FALSE(at_once.passed());
  bring_redis_back();
  wait_for_output(first(), "40 messages for other nodes were lost meanwhile", 1);
  EXPECT_EQ(first().output().find("in time"), std::string::npos) << first().output();
}

// What waits for the answer of a node that is frozen, not of Redis.
TEST_F(OutageTest, WhoAsksForAPeerOfAFrozenNodeIsToldInTime) {
  start();
  second().signal(SIGSTOP);
  for (int id = 1; id <= 3; ++id) {
    alice().send("signal", "1", fmt(R"("to":"%","id":%)", bob().fingerprint(), id));
  }
  for (int id = 1; id <= 3; ++id) alice().expect_error(503, "cluster unavailable");
  second().signal(SIGCONT);
  for (int id = 1; id <= 3; ++id) EXPECT_EQ(bob().next("signal")["payload"].number(), 1);
  EXPECT_EQ(first().output().find("in time"), std::string::npos) << first().output();
}

TEST_F(OutageTest, ANameIsNotTakenWhileItsNodesHaveYetToPutItBack) {
  start();
  bob().create_room("den");
  redis().command({"FLUSHALL"});
  alice().send("join", R"({"namespace":"den"})");
  EXPECT_THAT(aliases(alice().next("peer_list")), ElementsAre("bob", "alice"));
  expect_news(bob(), "peer_joined", alice());
  expect_whole({{"game", {&alice(), &bob()}}, {"den", {&bob(), &alice()}}});
}

TEST_F(OutageTest, ASecondLossOfDataIsToldFromTheFirst) {
  start();
  for (int loss = 0; loss < 4; ++loss) {
    redis().command({"FLUSHALL"});
    TestPeer brief = peer_in(second(), "game", "brief");
    expect_news(bob(), "peer_joined", brief);
    expect_news(alice(), "peer_joined", brief);
    redis().command({"FLUSHALL"});
    brief.close();
    expect_news(bob(), "peer_left", brief);
    expect_news(alice(), "peer_left", brief);
    expect_whole({{"game", {&alice(), &bob()}}});
  }
  expect_silence_of({&alice(), &bob()});
}

// The scripts that nodes have in common are there again by then.
TEST_F(OutageTest, ARestartIsNoticedThoughAnotherNodeWasBackFirst) {
  start();
  for (ServerProcess* node : {&first(), &second()}) node->signal(SIGSTOP);
  redis().command({"SAVE"});
  redis().kill();
  redis().restart();
  ServerProcess& third = start_node(kPatientLease);
  wait_for_state(third, "connected");
  for (ServerProcess* node : {&first(), &second()}) node->signal(SIGCONT);
  for (ServerProcess* node : {&first(), &second()}) {
    wait_for_output(*node, "Redis has restarted with its data", 1);
  }
  wait_for_nodes(first(), 3);
  expect_whole({{"game", {&alice(), &bob()}}});
  expect_silence_of({&alice(), &bob()});
}

TEST_F(OutageTest, ARedisThatComesBackWithWhatItOnceHadIsPutRight) {
  start();
  TestPeer gone = peer_in(second(), "game", "gone");
  for (TestPeer* peer : {&alice(), &bob()}) expect_news(*peer, "peer_joined", gone);
  redis().command({"SAVE"});
  gone.close();
  TestPeer come = peer_in(second(), "game", "come");
  for (TestPeer* peer : {&alice(), &bob()}) {
    expect_news(*peer, "peer_left", gone);
    expect_news(*peer, "peer_joined", come);
  }
  lose_redis();
  bring_redis_back();
  expect_whole({{"game", {&alice(), &bob(), &come}}});
  alice().send_to(come.fingerprint(), "1");
  EXPECT_EQ(come.next("signal")["payload"].number(), 1);
  expect_silence_of({&alice(), &bob(), &come});
}

TEST_F(OutageTest, WhatTheNetworkKeptOfAnEarlierLinkHasNoEffect) {
  start();
  proxy().hold();
  TestPeer carol = peer(first(), "carol");  // once Redis is taken for away
  carol.join("game");
  expect_news(alice(), "peer_joined", carol);
  leave(alice(), "game");
  carol.close();
  proxy().release();  // what was held arrives, on connections that the node has given up
  wait_until_healed();
  expect_news(bob(), "peer_left", alice());
  bob().expect_silence();
  expect_whole({{"game", {&bob()}}, {"", {&alice()}}});
}

}  // namespace
}  // namespace peer::test
