// Messages between nodes, an outage of Redis, and the shared namespace across nodes:
// docs/protocol.md, "C.5 Cluster".
#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class GuideClusterTest : public PairTest {
 protected:
  /// By a discover; what comes before its answer is skipped.
  static std::size_t members_seen_by(TestPeer& peer, std::string_view ns) {
    peer.send("discover", fmt(R"({"namespace":"%"})", ns));
    Json message = peer.next();
    while (message["type"].str() != "peer_list") message = peer.next();
    return aliases(message).size();
  }
};

TEST_F(GuideClusterTest, TheEnvironmentOfTheGuideMakesTwoNodesACluster) {
  ServerOptions options;
  options.environment = {{"PEER_BROKER", "redis"},
                         {"REDIS_ADDR", fmt("127.0.0.1:%", redis().port())}};
  ServerProcess first(options);
  ServerProcess second(options);
  for (ServerProcess* node : {&first, &second}) {
    node->wait_until_listening();
    wait_for_state(*node, "connected");
  }
  TestPeer alice = peer_in(first, "game", "alice");
  TestPeer bob = peer_in(second, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  alice.send_to(bob.fingerprint(), R"({"sdp":"offer"})");
  EXPECT_EQ(bob.next("signal")["payload"], R"({"sdp":"offer"})"_json);
  alice.close();
  bob.close();
  stop_node(first);
  stop_node(second);
}

TEST_F(GuideClusterTest, SignalAndRelayCrossNodesByteForByte) {
  start_pair();
  for (const char* type : {"signal", "relay"}) {
    alice().send_to(bob().fingerprint(), R"({"a": 1.0,"b":[1e999,"\ud800"], "a":2})", type);
    const std::string text = bob().next_text();
    EXPECT_THAT(text, HasSubstr(R"({"a": 1.0,"b":[1e999,"\ud800"], "a":2})"));
    EXPECT_THAT(text, HasSubstr(fmt(R"("from":"%")", alice().fingerprint())));
    EXPECT_THAT(text, testing::Not(HasSubstr("node_id")));
  }
}

TEST_F(GuideClusterTest, AnAliasIsResolvedAcrossNodes) {
  start_pair();
  alice().send_to("bob", "1");
  EXPECT_EQ(bob().next("signal")["to"].str(), bob().fingerprint());
  bob().send_to("alice", "2");
  EXPECT_EQ(alice().next("signal")["payload"].number(), 2);
}

TEST_F(GuideClusterTest, ABroadcastReachesTheMembersOfAllNodesButTheExcluded) {
  start_pair();
  TestPeer carol = peer_in(second(), "game", "carol");
  TestPeer dave = peer_in(first(), "game", "dave");
  TestPeer stranger = peer_in(second(), "other", "stranger");
  expect_news(alice(), "peer_joined", carol);
  expect_news(alice(), "peer_joined", dave);
  expect_news(bob(), "peer_joined", carol);
  expect_news(bob(), "peer_joined", dave);
  expect_news(carol, "peer_joined", dave);
  alice().send("broadcast",
               fmt(R"({"namespace":"game","data":7,"exclude":["%"]})", carol.fingerprint()),
               R"("id":1)");
  EXPECT_EQ(bob().next("broadcast")["payload"]["data"].number(), 7);
  EXPECT_EQ(dave.next("broadcast")["from"].str(), alice().fingerprint());
  EXPECT_EQ(alice().next("ack")["id"].number(), 1);
  carol.expect_silence();
  stranger.expect_silence();
}

TEST_F(GuideClusterTest, WithoutASharedNamespaceAMessageIsRefusedAcrossNodes) {
  start_pair();
  TestPeer stranger = peer_in(second(), "other", "stranger");
  stranger.send_to(alice().fingerprint(), "1");
  stranger.expect_error(403, "no shared namespace");
  alice().expect_silence();
}

TEST_F(GuideClusterTest, APeerThatIsNowhereIsNotFound) {
  start_pair();
  alice().send_to(fingerprint_of("nobody"), "1");
  alice().expect_error(404, "peer not found");
  alice().send_to("nobody", "1");
  alice().expect_error(404, "peer not found");
}

TEST_F(GuideClusterTest, ARequestWithAnIdIsAcknowledgedByTheTargetsNode) {
  start_pair();
  for (int i = 1; i <= 3; ++i) {  // the first by the script, the others by the cached route
    alice().send("signal", "1", fmt(R"("to":"%","id":%)", bob().fingerprint(), i));
    const Json ack = alice().next("ack");
    EXPECT_EQ(ack["id"].number(), i);
    EXPECT_EQ(ack["payload"], R"({"delivered":1,"dropped":0})"_json);
    bob().next("signal");
  }
}

TEST_F(GuideClusterTest, MessagesFromOneSenderArriveInTheOrderSent) {
  start_pair();
  for (int i = 0; i < 400; ++i) {
    if (i % 3 == 0) {
      alice().send("broadcast", fmt(R"({"namespace":"game","data":%})", i));
    } else {
      alice().send_to(bob().fingerprint(), std::to_string(i), i % 3 == 1 ? "signal" : "relay");
    }
  }
  for (int i = 0; i < 400; ++i) {
    const Json message = bob().next();
    const Json number = i % 3 == 0 ? message["payload"]["data"] : message["payload"];
    ASSERT_EQ(number.number(), i) << bob().last_text();
  }
}

TEST_F(GuideClusterTest, LeavingAndGoingAreToldToTheMembersOfOtherNodes) {
  start_pair();
  bob().send("leave", R"({"namespace":"game"})");
  expect_news(alice(), "peer_left", bob());
  bob().join("game");
  expect_news(alice(), "peer_joined", bob());
  bob().close();
  expect_news(alice(), "peer_left", bob());
  EXPECT_THAT(aliases(discover(alice(), "game")), ElementsAre("alice"));
}

TEST_F(GuideClusterTest, WhileRedisIsAwayLocalOperationsGoOnAndAfterwardsAllDo) {
  start_pair();
  TestPeer carol = peer_in(first(), "game", "carol");
  expect_news(alice(), "peer_joined", carol);
  expect_news(bob(), "peer_joined", carol);
  redis().kill();
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");

  alice().send_to(carol.fingerprint(), "1");
  EXPECT_EQ(carol.next("signal")["payload"].number(), 1);
  alice().send("broadcast", R"({"namespace":"game","data":2})");
  EXPECT_EQ(carol.next("broadcast")["payload"]["data"].number(), 2);
  TestPeer dave = peer_in(first(), "game", "dave");
  expect_news(alice(), "peer_joined", dave);
  expect_news(carol, "peer_joined", dave);

  redis().restart();
  wait_for_state(first(), "connected");
  wait_for_state(second(), "connected");
  EXPECT_EQ(members_seen_by(bob(), "game"), 4U);
  expect_news(dave, "peer_joined", bob());
  bob().send_to(dave.fingerprint(), "3");
  EXPECT_EQ(dave.next("signal")["payload"].number(), 3);
  expect_whole({{"game", {&alice(), &bob(), &carol, &dave}}});
}

}  // namespace
}  // namespace peer::test
