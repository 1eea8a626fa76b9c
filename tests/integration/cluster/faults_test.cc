// Nodes and Redis that die, freeze, forget and refuse.
#include <csignal>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FaultsTest : public PairTest {};

TEST_F(FaultsTest, ANodeThatIsKilledIsNotFoundAtOnceAndReapedAfterItsLease) {
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

TEST_F(FaultsTest, WithAWrongPasswordANodeWorksOnItsOwnAndSaysWhy) {
  RedisProcess secret("sesame");
  ServerProcess& node = start_node_at(secret.port(), "password: wrong, required: true");
  TestPeer alice = peer_in(node, "game", "alice");
  TestPeer bob = peer_in(node, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  alice.send_to("bob", "1");
  EXPECT_EQ(bob.next("signal")["payload"].number(), 1);
  EXPECT_EQ(http_get(node.port(), "/ready").status, 503);
  wait_for_output(node, "is out of reach");
  EXPECT_THAT(node.output(), HasSubstr("WRONGPASS"));
  EXPECT_THAT(node.output(), testing::Not(HasSubstr("sesame")));
  wait_for_state(start_node_at(secret.port(), "password: sesame"), "connected");
}

}  // namespace
}  // namespace peer::test
