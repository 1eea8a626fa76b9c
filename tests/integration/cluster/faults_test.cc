// Nodes and Redis that die, freeze, forget and refuse.
#include <csignal>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FaultsTest : public PairTest {};

TEST_F(FaultsTest, WhoWasOnANodeThatIsKilledIsNotFoundAndTheNodeIsReapedAfterItsLease) {
  start_pair();
  second().signal(SIGKILL);
  EXPECT_EQ(second().wait_exit(), std::optional(128 + SIGKILL));
  alice().send_to(bob().fingerprint(), "1");
  alice().expect_error(404, "peer not found");
  expect_news(alice(), "peer_left", bob());
  EXPECT_THAT(aliases(discover(alice(), "game")), ElementsAre("alice"));
  wait_for_nodes(first(), 1);
  expect_whole({{"game", {&alice()}}});
}

TEST_F(FaultsTest, WhatRedisForgetsIsPutBackAndNobodyNotices) {
  start_pair();
  redis().command({"FLUSHALL"});
  redis().command({"SCRIPT", "FLUSH"});
  expect_whole({{"game", {&alice(), &bob()}}});
  wait_for_state(first(), "connected");
  wait_for_state(second(), "connected");
  alice().send_to(bob().fingerprint(), "1");
  EXPECT_EQ(bob().next("signal")["payload"].number(), 1);
  alice().expect_silence();
  EXPECT_EQ(discover(bob(), "game")["payload"]["total"].number(), 2);
}

TEST_F(FaultsTest, ANodeThatWasFrozenComesBackWithItsPeers) {
  start_pair();
  second().signal(SIGSTOP);
  expect_news(alice(), "peer_left", bob());
  second().signal(SIGCONT);
  expect_news(alice(), "peer_joined", bob());
  bob().send_to(alice().fingerprint(), "1");
  EXPECT_EQ(alice().next("signal")["payload"].number(), 1);
  bob().expect_silence();
  expect_whole({{"game", {&alice(), &bob()}}});
}

TEST_F(FaultsTest, AFrozenRedisIsAnOutageAndNobodyIsReapedAfterIt) {
  start_pair(kQuickToDoubt);
  redis().signal(SIGSTOP);
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  alice().send("signal", "1", fmt(R"("to":"%","id":1)", bob().fingerprint()));
  alice().expect_error(503, "cluster unavailable");
  redis().signal(SIGCONT);
  wait_for_state(first(), "connected");
  wait_for_state(second(), "connected");
  alice().expect_silence();
  bob().expect_silence();
  EXPECT_EQ(discover(alice(), "game")["payload"]["total"].number(), 2);
  expect_whole({{"game", {&alice(), &bob()}}});
}

class PausedRedisTest : public PairTest, public testing::WithParamInterface<const char*> {};

TEST_P(PausedRedisTest, ForLongerThanTheLeaseIsAnOutageAndNobodyIsReapedAfterIt) {
  start_pair(kQuickToDoubt);
  TestPeer carol = peer_in(first(), "local", "carol");
  redis().command({"CLIENT", "PAUSE", "1500", GetParam()});
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  alice().send("join", R"({"namespace":"local"})");
  alice().next("peer_list");
  expect_news(carol, "peer_joined", alice());
  wait_for_state(first(), "connected");
  wait_for_state(second(), "connected");
  alice().expect_silence();
  bob().expect_silence();
  carol.expect_silence();
  expect_whole({{"game", {&alice(), &bob()}}, {"local", {&carol, &alice()}}});
}

TEST_P(PausedRedisTest, ForAMomentDelaysSignalsAndLosesNone) {
  start_pair("beat_ms: 100, lease_ms: 5000, timeout_ms: 1500");
  constexpr int kSignals = 60;
  for (int i = 0; i < kSignals; ++i) {
    if (i % 20 == 10) redis().command({"CLIENT", "PAUSE", "100", GetParam()});
    alice().send_to(bob().fingerprint(), std::to_string(i));
  }
  for (int i = 0; i < kSignals; ++i) EXPECT_EQ(bob().next("signal")["payload"].number(), i);
  bob().expect_silence();
  alice().expect_silence();
  expect_whole({{"game", {&alice(), &bob()}}});
}

INSTANTIATE_TEST_SUITE_P(Commands, PausedRedisTest, testing::Values("ALL", "WRITE"));

TEST_F(FaultsTest, ARoomWhoseOwnersNodeIsKilledPassesToTheLongestPresentMemberElsewhere) {
  start_pair();
  bob().create_room("den");
  alice().join("den");
  expect_news(bob(), "peer_joined", alice());
  TestPeer carol = peer_in(first(), "den", "carol");
  expect_news(alice(), "peer_joined", carol);
  second().signal(SIGKILL);
  Json updated = carol.next();
  while (updated["type"].str() == "peer_left") updated = carol.next();
  EXPECT_EQ(updated["type"].str(), "room_updated");
  EXPECT_EQ(updated["payload"]["owner"].str(), alice().fingerprint());
  Json news = alice().next();
  while (news["type"].str() == "peer_left") news = alice().next();
  EXPECT_EQ(news["type"].str(), "room_updated");
  alice().send("kick", fmt(R"({"room_id":"den","fingerprint":"%"})", carol.fingerprint()));
  carol.next("kick");
  expect_whole({{"game", {&alice()}}, {"den", {&alice()}}, {"", {&carol}}});
}

TEST_F(FaultsTest, AnOwnerWhoComesBackOnAnotherNodeThanTheOneThatWasKilledIsSucceeded) {
  start_pair("beat_ms: 100, lease_ms: 20000");
  bob().create_room("den");
  alice().join("den");
  second().signal(SIGKILL);
  EXPECT_EQ(second().wait_exit(), std::optional(128 + SIGKILL));
  TestPeer again = peer(first(), "bob");
  for (int left = 0; left < 2; ++left) expect_news(alice(), "peer_left", again);
  EXPECT_EQ(alice().next("room_updated")["payload"]["owner"].str(), alice().fingerprint());
}

TEST_F(FaultsTest, WhenTheClockOfRedisJumpsAheadNobodyIsReaped) {
  start_pair();
  const std::string node = Json::parse(http_get(second().port(), "/stats").body)["node_id"].str();
  for (int jump = 0; jump < 10; ++jump) {
    redis().command({"ZADD", "peer:{0}:nodes", "1", node});  // so its lease looks until it beats
    const auto beats = [this] {
      return std::stoi(redis().command({"HGET", "peer:{0}:born", "b"}).at(0));
    };
    const int enough = beats() + 6;
    const Deadline deadline;
    while (beats() < enough) ASSERT_FALSE(deadline.passed());
  }
  expect_silence_of({&alice(), &bob()});
  expect_whole({{"game", {&alice(), &bob()}}});
}

TEST_F(FaultsTest, ARegistrationFromBeforeTheClockOfRedisWentBackIsReplacedAllTheSame) {
  start_pair();
  TestPeer old = peer(first(), "carol");
  const std::string record = "peer:{0}:p:" + old.fingerprint();
  redis().command({"HSET", record, "t", "9000000000000000"});
  TestPeer fresh = peer(second(), "carol");
  old.ws().expect_close(4001);
  fresh.round_trip();
  EXPECT_EQ(redis().command({"HGET", record, "t"}).at(0), "9000000000000001");
  expect_whole({{"game", {&alice(), &bob()}}, {"", {&fresh}}});
}

TEST_F(FaultsTest, TicketsInSeveralNamespacesOfAKilledNodeMatchNobody) {
  start_pair();
  for (TestPeer* peer : {&alice(), &bob()}) peer->join("chess");
  expect_news(alice(), "peer_joined", bob());
  for (const char* ns : {"game", "chess"}) {
    bob().send("match", fmt(R"({"namespace":"%"})", ns));
    bob().next("match");
  }
  second().signal(SIGKILL);
  for (int left = 0; left < 2; ++left) alice().next("peer_left");
  for (const char* ns : {"game", "chess"}) {
    alice().send("match", fmt(R"({"namespace":"%"})", ns));
    EXPECT_EQ(alice().next("match")["payload"]["status"].str(), "waiting");
  }
  alice().expect_silence();
  expect_whole({{"game", {&alice()}}, {"chess", {&alice()}}});
}

TEST_F(FaultsTest, WithAWrongPasswordANodeWorksOnItsOwnAndSaysWhy) {
  RedisProcess secret("sesame");
  ServerProcess& node = start_node_at(secret.port(), "password: wrong, required: true");
  TestPeer alice = peer_in(node, "game", "alice");
  TestPeer bob = peer_in(node, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  alice.send_to("bob", "1");
  EXPECT_EQ(bob.next("signal")["payload"].number(), 1);
  EXPECT_EQ(http_get(node.port(), "/ready").status, 503);
  wait_for_output(node, "WRONGPASS");
  EXPECT_THAT(node.output(), HasSubstr("correct the options 'username' and 'password'"));
  EXPECT_THAT(node.output(), testing::Not(HasSubstr("is out of reach")));
  EXPECT_THAT(node.output(), testing::Not(HasSubstr("sesame")));
  wait_for_state(start_node_at(secret.port(), "password: sesame"), "connected");
}

}  // namespace
}  // namespace peer::test
