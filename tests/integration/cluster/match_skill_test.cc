// Matching by skill among peers of two nodes: one node makes the matches, and tells the other what
// it has to say of its tickets (plugins/match_skill/README.md).
#include <string>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

class SharedSkillTest : public ClusterTest {
 protected:
  ServerProcess& skill_node() {
    return start_node_with(
        fmt("plugins:\n  broker: {name: redis, options: {addr: '127.0.0.1:%', %}}\n"
            "  match_strategy:\n    name: skill\n    options:\n      rules:\n"
            "        skill: {kind: range, tolerance: 100, widen_per_second: 500}\n",
            redis().port(), kQuick));
  }
  void SetUp() override {
    first_ = &skill_node();
    second_ = &skill_node();
    wait_for_nodes(*first_, 2);
    wait_for_nodes(*second_, 2);
  }
  /// Some of the namespaces are matched by one node, some by the other.
  template <typename Test>
  void in_namespaces(Test test) {
    for (const char* ns : {"a", "b", "c", "d", "e", "f"}) {
      TestPeer alice = peer_in(*first_, ns, std::string("alice") + ns);
      TestPeer bob = peer_in(*second_, ns, std::string("bob") + ns);
      test(std::string(ns), alice, bob);
      if (HasFailure()) return;
    }
  }
  static void ask(TestPeer& peer, const std::string& ns, int skill, std::string_view more = {}) {
    peer.send("match",
              fmt(R"({"namespace":"%","criteria":{"skill":%}%%})", ns, skill,
                  more.empty() ? "" : ",", more),
              R"("id":1)");
  }
  static Json answer(TestPeer& peer) {
    Json reply = peer.next();
    while (reply["type"].str() == "peer_joined") reply = peer.next();
    return reply;
  }

  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(SharedSkillTest, PeersOfTwoNodesAreMatchedWhenTheyReachEachOther) {
  in_namespaces([](const std::string& ns, TestPeer& alice, TestPeer& bob) {
    ask(alice, ns, 1000);
    const Json waiting = answer(alice)["payload"];
    EXPECT_EQ(waiting["status"].str(), "waiting");
    EXPECT_EQ(waiting["waiting"].number(), 1);
    ask(bob, ns, 1150);
    EXPECT_EQ(answer(bob)["payload"]["waiting"].number(), 2);
    EXPECT_EQ(answer(alice)["payload"]["session_id"], answer(bob)["payload"]["session_id"]);
  });
}

TEST_F(SharedSkillTest, WhoAsksForTheSameAgainIsToldHowManyWaitNow) {
  in_namespaces([](const std::string& ns, TestPeer& alice, TestPeer& bob) {
    ask(alice, ns, 1000);
    const Json first = answer(alice)["payload"];
    ask(bob, ns, 9000);
    EXPECT_EQ(answer(bob)["payload"]["waiting"].number(), 2);
    ask(alice, ns, 1000);
    const Json again = answer(alice)["payload"];
    EXPECT_EQ(again["ticket"], first["ticket"]);
    EXPECT_EQ(again["waiting"].number(), 2);
    ask(bob, ns, 1050);
    EXPECT_EQ(answer(alice)["type"].str(), "matched");
    EXPECT_EQ(answer(bob)["type"].str(), "matched");
    // A ticket that has ended is not added again by it.
    ask(alice, ns, 1000);
    EXPECT_EQ(answer(alice)["payload"]["waiting"].number(), 1);
  });
}

TEST_F(SharedSkillTest, TeamsAreToldOnBothNodes) {
  in_namespaces([](const std::string& ns, TestPeer& alice, TestPeer& bob) {
    ask(alice, ns, 1000, R"("teams":{"count":2,"size":1})");
    EXPECT_EQ(answer(alice)["type"].str(), "match");
    ask(bob, ns, 1000, R"("teams":{"count":2,"size":1})");
    const std::string teams = fmt(R"([["%"],["%"]])", alice.fingerprint(), bob.fingerprint());
    EXPECT_EQ(answer(alice)["payload"]["teams"], Json::parse(teams));
    EXPECT_EQ(answer(bob)["payload"]["teams"], Json::parse(teams));
  });
}

TEST_F(SharedSkillTest, APartyIsJudgedByWhatWaitsOnTheOtherNode) {
  in_namespaces([](const std::string& ns, TestPeer& alice, TestPeer& bob) {
    ask(alice, ns, 1000, R"("party":{"id":"p","size":2})");
    EXPECT_EQ(answer(alice)["type"].str(), "match");
    ask(bob, ns, 1000, R"("party":{"id":"p","size":1})");
    const Json refused = answer(bob);
    EXPECT_EQ(refused["type"].str(), "error");
    EXPECT_EQ(refused["payload"]["code"].number(), 400);
    EXPECT_EQ(refused["payload"]["message"].str(), "party has another size");
    // Nothing is left of it, here or there.
    bob.send("match_cancel", fmt(R"({"namespace":"%"})", ns), R"("id":2)");
    bob.expect_error(404, "ticket not found");
    ask(bob, ns, 1000, R"("party":{"id":"p","size":2})");
    EXPECT_EQ(answer(bob)["type"].str(), "matched");
    EXPECT_EQ(answer(alice)["type"].str(), "matched");
  });
}

TEST_F(SharedSkillTest, ARequestThatIsRefusedLeavesTheEarlierOneWaiting) {
  in_namespaces([](const std::string& ns, TestPeer& alice, TestPeer& bob) {
    ask(alice, ns, 1000, R"("party":{"id":"p","size":2})");
    EXPECT_EQ(answer(alice)["type"].str(), "match");
    ask(bob, ns, 5000);
    const std::string ticket = answer(bob)["payload"]["ticket"].str();
    ask(bob, ns, 5000, R"("party":{"id":"p","size":1})");
    EXPECT_EQ(answer(bob)["payload"]["message"].str(), "party has another size");
    alice.send("match_cancel", fmt(R"({"namespace":"%"})", ns), R"("id":2)");
    EXPECT_EQ(alice.next()["type"].str(), "match_cancelled");
    ask(alice, ns, 5000);
    // The earlier ticket may come back to the node that matches just behind this request.
    Json told = answer(alice);
    if (told["type"].str() == "match") told = answer(alice);
    EXPECT_EQ(told["type"].str(), "matched");
    EXPECT_EQ(answer(bob)["type"].str(), "matched");
    // It is the same ticket, should it wait on.
    ask(alice, ns, 1000, R"("party":{"id":"p","size":2})");
    EXPECT_EQ(answer(alice)["type"].str(), "match");
    ask(bob, ns, 5000, R"("timeout_ms":60000)");
    const std::string again = answer(bob)["payload"]["ticket"].str();
    EXPECT_NE(again, ticket);
    ask(bob, ns, 5000, R"("party":{"id":"p","size":1})");
    EXPECT_EQ(answer(bob)["type"].str(), "error");
    bob.send("match_cancel", fmt(R"({"namespace":"%"})", ns), R"("id":2)");
    EXPECT_EQ(bob.next()["payload"]["ticket"].str(), again);
  });
}

}  // namespace
}  // namespace peer::test
