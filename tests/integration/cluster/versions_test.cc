// Which two versions of nodes may meet: plugins/broker_redis/DESIGN.md, "Versions".
#include "tests/integration/cluster/network_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kFarAway = "99999999999999";  // the end of a lease

class VersionsTest : public PairTest {
 protected:
  static std::string id_of(ServerProcess& node) {
    return Json::parse(http_get(node.port(), "/stats").body)["node_id"].str();
  }
  static std::string field(std::string_view text) {
    return std::to_string(text.size()) + ':' + std::string(text) + ',';
  }
  /// What some node says to the second one.
  void tell_second(std::initializer_list<std::string_view> fields) {
    std::string envelope;
    for (const std::string_view text : fields) envelope += field(text);
    const auto listeners = redis().command({"PUBLISH", "peer:n:" + id_of(second()), envelope});
    EXPECT_THAT(listeners, testing::ElementsAre("1"));
  }
  /// A signal from alice to bob. `more`: a field at its end; empty: none.
  void tell_signal(std::string_view head, int number, std::string_view more = {}) {
    const std::string text =
        fmt(R"({"type":"signal","from":"%","to":"%","payload":%,"ts":1700000000000})",
            alice().fingerprint(), bob().fingerprint(), number);
    const std::string ns = field("game");
    const std::string from = alice().fingerprint();
    const std::string to = bob().fingerprint();
    if (more.empty()) return tell_second({head, id_of(first()), "7", "", from, to, ns, text});
    tell_second({head, id_of(first()), "7", "", from, to, ns, text, more});
  }
  static int count(const std::string& text, std::string_view part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }
  void wait_for_beats(int more) {
    RedisClient client = redis().client();
    const auto beats = [&] {
      return std::stoi(client.command({"HGET", "peer:{0}:born", "b"}).at(0));
    };
    const int enough = beats() + more;
    const Deadline deadline;
    while (beats() < enough) ASSERT_FALSE(deadline.passed());
  }
  /// A node of that version, whose lease does not end.
  void enter_stranger(const std::string& version) {
    redis().command({"ZADD", "peer:{0}:nodes", kFarAway, "stranger"});
    if (!version.empty()) redis().command({"HSET", "peer:{0}:versions", "stranger", version});
  }
};

class OtherVersionsTest : public VersionsTest {
 protected:
  void TearDown() override { ClusterTest::TearDown(); }
};

TEST_F(OtherVersionsTest, ANodeStaysAwayFromTheKeysOfAnotherVersionUntilItsNodesAreGone) {
  for (const char* version : {"2.0", ""}) {  // the second: from before versions had numbers
    redis().command({"FLUSHALL"});
    redis().command({"HSET", "peer:{0}:born", "e", "1", "b", "7"});
    if (*version != '\0') redis().command({"HSET", "peer:{0}:born", "v", "2"});
    redis().command({"SET", "peer:{0}:a:alice", "in another form"});
    enter_stranger(version);
    ServerProcess& node = start_node_at(redis().port());
    wait_for_output(node, *version == '\0' ? "is in use by nodes without a version (stranger)"
                                           : "is in use by nodes of version 2.0 (stranger)");
    TestPeer alice = peer_in(node, "game", "alice");  // works on its own
    RedisClient client = redis().client();
    EXPECT_THAT(client.command({"ZRANGE", "peer:{0}:nodes", "0", "-1"}),
                testing::ElementsAre("stranger"));
    EXPECT_THAT(client.command({"GET", "peer:{0}:a:alice"}),
                testing::ElementsAre("in another form"));
    client.command({"ZREM", "peer:{0}:nodes", "stranger"});
    wait_for_state(node, "connected");
    EXPECT_EQ(count(node.output(), "stop all nodes"), 1) << node.output();
    EXPECT_THAT(client.command({"HGET", "peer:{0}:born", "v"}), testing::ElementsAre("1"));
    expect_whole({{"game", {&alice}}});
    alice.close();
    stop_node(node);
  }
}

TEST_F(OtherVersionsTest, ANodeOfAnotherVersionThatComesIsToldOfOnce) {
  ServerProcess& node = start_node();
  enter_stranger("");
  wait_for_output(node, "node stranger without a version uses the same keys");
  wait_for_beats(3);
  EXPECT_EQ(count(node.output(), "stranger"), 1) << node.output();
  EXPECT_EQ(broker_stats(node)["state"].str(), "connected");
}

TEST_F(OtherVersionsTest, ANodeOfAnotherMinorVersionIsOneOfTheCluster) {
  ServerProcess& node = start_node();
  enter_stranger("1.7");
  wait_for_nodes(node, 2);
  wait_for_beats(3);
  EXPECT_THAT(node.output(), Not(HasSubstr("stranger")));
}

TEST_F(VersionsTest, AFieldThatANewerMinorVersionHasAddedIsIgnored) {
  start_pair();
  tell_signal("S1", 1, "new");
  EXPECT_EQ(bob().next("signal")["payload"].number(), 1);
}

TEST_F(VersionsTest, AKindThatANewerMinorVersionHasAddedIsIgnored) {
  start_pair();
  tell_second({"Z1", "new"});
  tell_signal("S1", 1);
  EXPECT_EQ(bob().next("signal")["payload"].number(), 1);
  EXPECT_THAT(second().output(), Not(HasSubstr("malformed")));
}

TEST_F(VersionsTest, AMessageOfAnotherMajorVersionIsDroppedAndToldOfOnce) {
  start_pair();
  for (int number = 1; number <= 2; ++number) {
    tell_signal("S2", number);
    tell_signal("S", number);
  }
  tell_signal("S1", 3);
  EXPECT_EQ(bob().next("signal")["payload"].number(), 3);
  const std::string output = second().output();
  EXPECT_EQ(count(output, "a message of a node of version 2 came"), 1) << output;
  EXPECT_EQ(count(output, "a message of a node without a version came"), 1) << output;
}

TEST_F(VersionsTest, EachNodeTellsItsVersionAndTakesItAlongWhenItLeaves) {
  start_pair();
  const std::string one = id_of(first());
  EXPECT_THAT(redis().command({"HMGET", "peer:{0}:versions", one, id_of(second())}),
              testing::ElementsAre("1.4", "1.4"));
  stop_node(first());
  EXPECT_THAT(redis().command({"HKEYS", "peer:{0}:versions"}),
              testing::ElementsAre(id_of(second())));
}

}  // namespace
}  // namespace peer::test
