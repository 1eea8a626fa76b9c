// What a broker says of other nodes: docs/protocol.md, "C.1 Request ids", "C.5 Cluster",
// sdk/broker.h.
#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kVerbatim = "{ \"type\" : \"far\",\"payload\":[1e999, 1.0,\"\\ud800\"] }";

class BrokerElsewhereTest : public PluginServerTest {
 protected:
  void start_elsewhere(int members = 3, std::vector<std::string> settings = {}) {
    settings.push_back("loops=2");
    start_plugin("broker", "broker_elsewhere", fmt("members: %", members), std::move(settings));
  }
  static std::string far(int number) { return fmt("far-%", number); }
  static std::vector<std::string> aliases(const Json& list) {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < list["payload"]["peers"].size(); ++i) {
      found.push_back(list["payload"]["peers"][i]["alias"].str());
    }
    return found;
  }
  static Json discover(TestPeer& peer, std::string_view ns, std::string_view more = {}) {
    peer.send("discover", fmt(R"({"namespace":"%"%%})", ns, more.empty() ? "" : ",", more));
    return peer.next("peer_list");
  }
  /// All pages of `limit` peers, one behind the other, until one is short.
  static std::vector<std::string> discover_all(TestPeer& peer, std::string_view ns, int limit) {
    std::vector<std::string> found;
    std::string after;
    while (found.size() < 1000) {
      const Json page = discover(peer, ns, fmt(R"("limit":%%)", limit, after));
      const std::size_t size = page["payload"]["peers"].size();
      for (const std::string& alias : aliases(page)) found.push_back(alias);
      if (size < static_cast<std::size_t>(limit)) break;
      const Json last = page["payload"]["peers"][size - 1];
      after = fmt(R"(,"after":"%")", last["fingerprint"].str());
    }
    return found;
  }
  /// Sends to the peer that this node does not have; `more`: of the envelope.
  static void send_far(TestPeer& peer, std::string_view first, std::string_view more = {}) {
    peer.send("signal", "1", fmt(R"("to":"%"%)", fingerprint_starting(first), more));
  }
};

// --- lists

TEST_F(BrokerElsewhereTest, AJoinListsTheMembersOfAllNodesInJoinOrder) {
  start_elsewhere();
  TestPeer alice = peer_in("far", "alice");
  TestPeer bob = peer("bob");
  const Json list = bob.join("far");
  EXPECT_THAT(aliases(list), ElementsAre(far(1), far(2), far(3), "alice", "bob"));
  EXPECT_EQ(list["payload"]["total"].number(), 5);
}

TEST_F(BrokerElsewhereTest, ANamespaceThatIsHereOnlyIsListedAsItIs) {
  start_elsewhere();
  TestPeer alice = peer("alice");
  EXPECT_EQ(alice.join("near")["payload"]["total"].number(), 1);
}

TEST_F(BrokerElsewhereTest, JoiningAgainListsThoseElsewhereToo) {
  start_elsewhere();
  TestPeer alice = peer_in("far", "alice");
  const Json again = alice.join("far");
  EXPECT_THAT(aliases(again), ElementsAre(far(1), far(2), far(3), "alice"));
  EXPECT_EQ(again["payload"]["total"].number(), 4);
}

TEST_F(BrokerElsewhereTest, AJoinListsAtMost50AndTotalCountsAll) {
  start_elsewhere(100);
  TestPeer alice = peer("alice");
  const Json list = alice.join("far");
  EXPECT_EQ(list["payload"]["peers"].size(), 50U);
  EXPECT_EQ(aliases(list).back(), far(50));
  EXPECT_EQ(list["payload"]["total"].number(), 101);
}

TEST_F(BrokerElsewhereTest, DiscoverListsBothUpToItsLimit) {
  start_elsewhere();
  TestPeer alice = peer_in("far", "alice");
  TestPeer bob = peer_in("far", "bob");
  EXPECT_THAT(aliases(discover(bob, "far")), ElementsAre(far(1), far(2), far(3), "alice", "bob"));
  const Json page = discover(bob, "far", R"("limit":4)");
  EXPECT_THAT(aliases(page), ElementsAre(far(1), far(2), far(3), "alice"));
  EXPECT_EQ(page["payload"]["total"].number(), 5);
  EXPECT_THAT(aliases(discover(bob, "far", R"("limit":1)")), ElementsAre(far(1)));
}

TEST_F(BrokerElsewhereTest, ANamespaceWithoutMembersHereIsFoundElsewhere) {
  start_elsewhere();
  TestPeer alice = peer("alice");
  const Json list = discover(alice, "far");
  EXPECT_THAT(aliases(list), ElementsAre(far(1), far(2), far(3)));
  EXPECT_EQ(list["payload"]["total"].number(), 3);
}

TEST_F(BrokerElsewhereTest, PagesTogetherListEverybodyOnce) {
  start_elsewhere(5);
  TestPeer alice = peer_in("far", "alice");
  TestPeer bob = peer_in("far", "bob");
  TestPeer carol = peer_in("far", "carol");
  for (const int limit : {1, 2, 3, 4, 7, 8, 50}) {
    EXPECT_THAT(discover_all(carol, "far", limit),
                ElementsAre(far(1), far(2), far(3), far(4), far(5), "alice", "bob", "carol"))
        << "limit " << limit;
  }
}

TEST_F(BrokerElsewhereTest, APageThatIsCutShortHasNobodyBehindTheGap) {
  start_elsewhere(3, {"max_peer_list_size=1024"});
  TestPeer alice = peer("alice");
  alice.send("metadata", fmt(R"({"meta":{"x":"%"}})", std::string(700, 'x')));
  alice.join("far");
  TestPeer bob = peer("bob");
  bob.send("metadata", fmt(R"({"meta":{"x":"%"}})", std::string(500, 'x')));
  const Json list = bob.join("far");
  EXPECT_THAT(aliases(list), ElementsAre(far(1), far(2), far(3)));
  EXPECT_EQ(list["payload"]["total"].number(), 5);
}

// --- names

TEST_F(BrokerElsewhereTest, AnAliasHeldElsewhereDoesNotRouteHere) {
  start_elsewhere();
  TestPeer alice = connect();
  EXPECT_EQ(alice.register_as("alice", R"("alias":"taken")")["payload"]["alias_taken"].text(),
            "true");
  alice.join("near");
  TestPeer bob = peer_in("near", "bob");
  alice.next("peer_joined");
  bob.expect_refused(message("signal", "1", R"("to":"nobody")"), 404, "peer not found");
  bob.send_to(alice.fingerprint(), "1");
  alice.next("signal");
}

TEST_F(BrokerElsewhereTest, ARoomNameInUseElsewhereIs409) {
  start_elsewhere();
  TestPeer alice = peer("alice");
  alice.send("create_room", R"({"room_id":"far"})", R"("id":1)");
  EXPECT_EQ(alice.expect_error(409, "room already exists")["id"].number(), 1);
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 0);
  alice.create_room("free");
}

TEST_F(BrokerElsewhereTest, ANamespaceThatIsFullElsewhereIs429) {
  start_elsewhere();
  TestPeer alice = peer("alice");
  alice.expect_refused(message("join", R"({"namespace":"full"})"), 429, "namespace full");
  alice.expect_refused(message("leave", R"({"namespace":"full"})"), 403, "not in namespace");
}

// --- messages to other nodes

TEST_F(BrokerElsewhereTest, RouteOutcomesAreAcksAndErrors) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  send_far(alice, "d0", R"(,"id":1)");
  EXPECT_EQ(alice.next("ack")["payload"], R"({"delivered":1,"dropped":0})"_json);
  send_far(alice, "d1", R"(,"id":2)");
  EXPECT_EQ(alice.next("ack")["payload"], R"({"delivered":0,"dropped":1})"_json);
  send_far(alice, "d2", R"(,"id":3)");
  EXPECT_EQ(alice.expect_error(403, "no shared namespace")["id"].number(), 3);
  send_far(alice, "d3", R"(,"id":4)");
  EXPECT_EQ(alice.expect_error(503, "cluster unavailable")["id"].number(), 4);
  send_far(alice, "ff", R"(,"id":5)");
  EXPECT_EQ(alice.expect_error(404, "peer not found")["id"].number(), 5);
}

TEST_F(BrokerElsewhereTest, WithoutAnIdOnlyErrorsOfTheGuideAreHeard) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  for (const char* silent : {"d0", "d1", "d3"}) send_far(alice, silent);
  alice.expect_silence();
  send_far(alice, "d2");
  alice.expect_error(403, "no shared namespace");
  send_far(alice, "ff");
  alice.expect_error(404, "peer not found");
}

TEST_F(BrokerElsewhereTest, ABrokerThatThrowsCannotKnow) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  send_far(alice, "d4");
  alice.expect_silence();
  send_far(alice, "d4", R"(,"id":1)");
  alice.expect_error(503, "cluster unavailable");
  alice.close();
  EXPECT_THAT(log_at_the_end(), HasSubstr("plugin broker 'elsewhere': route: route throws"));
}

TEST_F(BrokerElsewhereTest, ABrokerThatSleepsIsNamedAndItsAnswerCounts) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  send_far(alice, "d5", R"(,"id":1)");
  EXPECT_EQ(alice.next("ack")["payload"]["delivered"].number(), 1);
  EXPECT_THAT(log_at_the_end(), testing::ContainsRegex("plugin broker 'elsewhere': route: took "
                                                       "[0-9]+ ms, budget 100 ms"));
}

TEST_F(BrokerElsewhereTest, OfTwoAnswersOfTheBrokerTheFirstCounts) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  send_far(alice, "d6", R"(,"id":1)");
  EXPECT_EQ(alice.next("ack")["payload"]["delivered"].number(), 1);
  alice.expect_silence();
  EXPECT_THAT(log_at_the_end(), HasSubstr("plugin broker 'elsewhere': route: answered twice"));
}

TEST_F(BrokerElsewhereTest, ABroadcastCountsTheCopiesForOtherNodes) {
  start_elsewhere(7);
  TestPeer alice = peer_in("far", "alice");
  TestPeer bob = peer_in("far", "bob");
  alice.next("peer_joined");
  alice.send("broadcast", R"({"namespace":"far","data":1})", R"("id":1)");
  EXPECT_EQ(alice.next("ack")["payload"], R"({"delivered":8,"dropped":0})"_json);
  bob.next("broadcast");
}

// --- messages from other nodes

TEST_F(BrokerElsewhereTest, AMessageFromElsewhereIsDeliveredVerbatim) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  send_far(alice, "e0");
  EXPECT_EQ(alice.next_text(), kVerbatim);
  EXPECT_EQ(alice.next("told")["payload"].str(), "delivered");
}

TEST_F(BrokerElsewhereTest, AMessageFromElsewhereNeedsASharedNamespace) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  TestPeer bob = peer_in("another namespace", "bob");
  send_far(alice, "e1");
  EXPECT_EQ(alice.next("told")["payload"].str(), "forbidden");
  expect_silence_of({&alice, &bob});
}

TEST_F(BrokerElsewhereTest, AMessageFromElsewhereForNobodyHereIsNotFound) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  send_far(alice, "e2");
  EXPECT_EQ(alice.next("told")["payload"].str(), "not found");
}

TEST_F(BrokerElsewhereTest, ABroadcastFromElsewhereReachesAllMembersButTheExcluded) {
  start_elsewhere();
  TestPeer alice = peer_in("near", "alice");
  TestPeer bob = peer_in("near", "bob");
  TestPeer carol = peer_in("near", "carol");
  TestPeer stranger = peer_in("other", "stranger");
  alice.next("peer_joined");
  alice.next("peer_joined");
  bob.next("peer_joined");
  send_far(alice, "e3");
  EXPECT_EQ(bob.next_text(), kVerbatim);
  EXPECT_EQ(carol.next_text(), kVerbatim);
  EXPECT_EQ(alice.next("told")["payload"].str(), "2");
  expect_silence_of({&alice, &stranger});
}

// --- start

TEST_F(BrokerElsewhereTest, ABrokerWhoseStartThrowsEndsTheStart) {
  ServerOptions options;
  options.config = "plugins:\n" + test_plugin("broker", "broker_elsewhere", "fail_start: true");
  ServerProcess process(options);
  EXPECT_EQ(process.wait_exit(), std::optional(EXIT_FAILURE)) << process.output();
  EXPECT_THAT(process.output(), testing::AllOf(HasSubstr("broker 'elsewhere'"),
                                               HasSubstr("no route to the cluster")));
}

}  // namespace
}  // namespace peer::test
