// Quiet namespaces with members on several nodes: docs/protocol.md, "Quiet namespaces".
#include <csignal>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/redis_client.h"

namespace peer::test {
namespace {

using testing::ElementsAre;

class QuietClusterTest : public ClusterTest {
 protected:
  void SetUp() override {
    first_ = &start_node(kQuick, settings());
    second_ = &start_node(kQuick, settings());
    wait_for_nodes(*first_, 2);
  }
  static std::vector<std::string> settings() { return {"quiet_namespaces=[\"crowd*\"]"}; }

  /// One that has joined "crowd".
  static TestPeer member(ServerProcess& node, std::string_view name) {
    TestPeer joining = peer(node, name);
    joining.join("crowd");
    return joining;
  }
  /// Messages that Redis has handed to subscribers; the nodes' own beats publish nothing.
  long published() {
    for (const std::string& text : redis().command({"INFO", "commandstats"})) {
      const std::size_t at = text.find("cmdstat_publish:calls=");
      if (at != std::string::npos) return std::stol(text.substr(at + 22));
    }
    return 0;
  }
  /// What the other has heard by now is this broadcast alone.
  static void expect_only_a_broadcast(TestPeer& from, TestPeer& to) {
    from.send("broadcast", R"({"namespace":"crowd","data":1})");
    to.next("broadcast");
  }

  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(QuietClusterTest, MembersOfOtherNodesAreCountedAndNotShown) {
  TestPeer alice = member(*first_, "alice");
  TestPeer bob = peer(*second_, "bob");
  const Json list = bob.join("crowd");
  EXPECT_THAT(aliases(list), ElementsAre("bob"));
  EXPECT_EQ(list["payload"]["total"].number(), 2);
  expect_only_a_broadcast(bob, alice);
  expect_only_a_broadcast(alice, bob);
  bob.send_to("alice", "1");
  EXPECT_EQ(alice.next("signal")["payload"].number(), 1);
}

TEST_F(QuietClusterTest, JoinsAndLeavesAreToldToNoOtherNode) {
  TestPeer alice = member(*first_, "alice");
  TestPeer carol = member(*second_, "carol");
  TestPeer bob = peer(*second_, "bob");
  const long before = published();
  for (int i = 0; i < 20; ++i) {
    bob.join("crowd");
    bob.send("leave", R"({"namespace":"crowd"})", R"("id":1)");
    bob.next("ack");
  }
  bob.join("crowd");
  // Each join has published its own place in the stream of its own node; no leave anything.
  EXPECT_LT(published() - before, 21 + 10);
  expect_only_a_broadcast(bob, alice);
}

TEST_F(QuietClusterTest, WhoGoesWithItsNodeGoesSilently) {
  TestPeer alice = member(*first_, "alice");
  const TestPeer bob = member(*second_, "bob");
  second_->signal(SIGKILL);
  EXPECT_EQ(second_->wait_exit(), 128 + SIGKILL);
  const Deadline deadline(10s);
  while (redis().command({"HLEN", "peer:{0}:sm:crowd"}).at(0) != "1") {
    ASSERT_FALSE(deadline.passed()) << "bob is still a member";
  }
  EXPECT_EQ(alice.join("crowd")["payload"]["total"].number(), 1);
  alice.expect_silence();
}

TEST_F(QuietClusterTest, WhatRedisHasLostIsPutBackSilently) {
  TestPeer alice = member(*first_, "alice");
  TestPeer bob = member(*second_, "bob");
  redis().command({"FLUSHALL"});
  const Deadline deadline(10s);
  while (redis().command({"HLEN", "peer:{0}:sm:crowd"}).at(0) != "2" ||
         redis().command({"HGET", "peer:{0}:s:crowd", "q"}).empty()) {
    ASSERT_FALSE(deadline.passed()) << "the members are not put back";
  }
  wait_for_state(*first_, "connected");
  wait_for_state(*second_, "connected");
  expect_only_a_broadcast(bob, alice);
  EXPECT_EQ(redis().command({"HGET", "peer:{0}:s:crowd", "q"}).at(0), "1");
}

}  // namespace
}  // namespace peer::test
