// Nodes and Redis that die, freeze, forget and refuse.
#include <csignal>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FaultsTest : public ClusterTest {};

TEST_F(FaultsTest, ANodeThatIsKilledIsNotFoundAtOnceAndReapedAfterItsLease) {
  ServerProcess& first = start_node();
  ServerProcess& second = start_node();
  TestPeer alice = peer_in(first, "game", "alice");
  TestPeer bob = peer_in(second, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  second.signal(SIGKILL);
  EXPECT_EQ(second.wait_exit(), std::optional(128 + SIGKILL));
  alice.send_to(bob.fingerprint(), "1");
  alice.expect_error(404, "peer not found");
  expect_news(alice, "peer_left", bob);
  EXPECT_THAT(aliases(discover(alice, "game")), ElementsAre("alice"));
  wait_for_nodes(first, 1);
}

TEST_F(FaultsTest, WhatRedisForgetsIsPutBackAndNobodyNotices) {
  ServerProcess& first = start_node();
  ServerProcess& second = start_node();
  TestPeer alice = peer_in(first, "game", "alice");
  TestPeer bob = peer_in(second, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  redis().command({"FLUSHALL"});
  redis().command({"SCRIPT", "FLUSH"});
  const std::vector<std::string> both{"peer:{0}:sm:game", "2"};
  const Deadline deadline;
  while (redis().command({"HLEN", both[0]}).at(0) != both[1]) {
    ASSERT_FALSE(deadline.passed());
  }
  wait_for_state(first, "connected");
  wait_for_state(second, "connected");
  alice.send_to(bob.fingerprint(), "1");
  EXPECT_EQ(bob.next("signal")["payload"].number(), 1);
  alice.expect_silence();
  EXPECT_EQ(discover(bob, "game")["payload"]["total"].number(), 2);
}

TEST_F(FaultsTest, ANodeThatWasFrozenComesBackWithItsPeers) {
  ServerProcess& first = start_node();
  ServerProcess& second = start_node();
  TestPeer alice = peer_in(first, "game", "alice");
  TestPeer bob = peer_in(second, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  second.signal(SIGSTOP);
  expect_news(alice, "peer_left", bob);
  second.signal(SIGCONT);
  expect_news(alice, "peer_joined", bob);
  bob.send_to(alice.fingerprint(), "1");
  EXPECT_EQ(alice.next("signal")["payload"].number(), 1);
  bob.expect_silence();
}

TEST_F(FaultsTest, AFrozenRedisIsAnOutageAndNobodyIsReapedAfterIt) {
  ServerProcess& first = start_node(fmt("%, timeout_ms: 200", kQuick));
  ServerProcess& second = start_node(fmt("%, timeout_ms: 200", kQuick));
  TestPeer alice = peer_in(first, "game", "alice");
  TestPeer bob = peer_in(second, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  redis().signal(SIGSTOP);
  wait_for_state(first, "degraded");
  wait_for_state(second, "degraded");
  alice.send("signal", "1", fmt(R"("to":"%","id":1)", bob.fingerprint()));
  alice.expect_error(503, "cluster unavailable");
  redis().signal(SIGCONT);
  wait_for_state(first, "connected");
  wait_for_state(second, "connected");
  alice.expect_silence();
  bob.expect_silence();
  EXPECT_EQ(discover(alice, "game")["payload"]["total"].number(), 2);
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
  const Deadline deadline;
  while (node.output().find("is out of reach") == std::string::npos) {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_THAT(node.output(), HasSubstr("WRONGPASS"));
  EXPECT_THAT(node.output(), testing::Not(HasSubstr("sesame")));
  wait_for_state(start_node_at(secret.port(), "password: sesame"), "connected");
}

}  // namespace
}  // namespace peer::test
