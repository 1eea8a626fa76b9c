// In how many parts what the nodes share is: the option, and that all nodes have the same number.
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class PartsNumberTest : public ClusterTest {
 protected:
  static std::string config(std::uint16_t port, int parts, std::string_view more = {}) {
    return fmt(R"(plugins: {broker: {name: redis, options: {addr: "127.0.0.1:%", %, parts: %%}}})",
               port, kQuick, parts, more);
  }
  ServerProcess& start_with(int parts) {
    return start_node_with(config(redis().port(), parts, ", legacy_channels: false"));
  }
  ServerProcess& start_connected_with(int parts) {
    ServerProcess& node = start_with(parts);
    wait_for_state(node, "connected");
    return node;
  }
  static void kill(ServerProcess& node) {
    node.signal(SIGKILL);
    EXPECT_EQ(node.wait_exit(), std::optional(128 + SIGKILL));
  }
  std::vector<std::string> born(int part, const std::string& field) {
    return redis().command({"HGET", fmt("peer:{%}:born", part), field});
  }
  /// What nobody takes away but who takes all.
  void leave_something_in(int part) {
    redis().command({"SET", fmt("peer:{%}:a:old", part), "of before"});
  }
  bool has_something_in(int part) {
    return redis().command({"EXISTS", fmt("peer:{%}:a:old", part)}).at(0) == "1";
  }
};

TEST_F(PartsNumberTest, MistakesInTheOptionAreSaid) {
  const auto said_of = [](int parts, std::string_view more) {
    ServerOptions options;
    options.config = config(6379, parts, more);
    ServerProcess server(options);
    EXPECT_EQ(server.wait_exit(), std::optional(78)) << server.output();
    return server.output();
  };
  for (const int parts : {0, 65}) {
    EXPECT_THAT(said_of(parts, ", legacy_channels: false"), HasSubstr("an integer from 1 to 64"));
  }
  const std::string said = said_of(2, "");
  EXPECT_THAT(said, HasSubstr("legacy_channels"));
  EXPECT_THAT(said, HasSubstr("false with 'parts' above 1"));
  EXPECT_THAT(said_of(2, R"(, legacy_channels: false, sentinels: ["127.0.0.1:1"], master: m)"),
              HasSubstr("1 with 'sentinels', which know one master"));
}

TEST_F(PartsNumberTest, TheOnlyPartHasNothingAboutIt) {
  start_node();
  EXPECT_THAT(redis().command({"HMGET", "peer:{0}:born", "v", "p", "g"}), ElementsAre("1", "", ""));
}

TEST_F(PartsNumberTest, ANodeWithAnotherNumberStaysAwayUntilTheOthersHaveGone) {
  ServerProcess& three = start_connected_with(3);
  // Nodes of an earlier release look at the version alone.
  EXPECT_THAT(redis().command({"HMGET", "peer:{0}:born", "v", "p"}), ElementsAre("1a", "3"));
  leave_something_in(1);
  for (const int parts : {2, 1}) {
    ServerProcess& other = start_with(parts);
    wait_for_output(other, "is in use by nodes with 'parts: 3'");
    EXPECT_THAT(other.output(),
                HasSubstr(fmt("this node with 'parts: %' works on its own", parts)));
    peer_in(other, "game", "bob");  // by its node alone
    EXPECT_EQ(broker_stats(other)["state"].str(), "degraded");
    EXPECT_EQ(broker_stats(other)["parts_away"].number(), parts == 1 ? 0 : parts);
    stop_node(other);
  }
  EXPECT_TRUE(has_something_in(1));
  EXPECT_THAT(redis().command({"KEYS", "*game*"}), ElementsAre());
  ServerProcess& two = start_with(2);
  wait_for_output(two, "is in use by nodes with 'parts: 3'");
  stop_node(three);
  wait_for_state(two, "connected");
  EXPECT_THAT(born(0, "p"), ElementsAre("2"));
  EXPECT_THAT(born(1, "p"), ElementsAre("2"));
  EXPECT_FALSE(has_something_in(1));
}

TEST_F(PartsNumberTest, ANodeWithSeveralStaysAwayFromTheOnlyPartOfOthers) {
  start_node();
  ServerProcess& other = start_with(2);
  wait_for_output(other, "is in use by nodes with 'parts: 1'");
  EXPECT_THAT(redis().command({"KEYS", "peer:{1}:*"}), ElementsAre());
}

// After an outage all leases have ended, and those to whom it belongs are about to come back.
TEST_F(PartsNumberTest, ANodeWithAnotherNumberThatIsTheFirstAfterAnOutageWaitsForTheOthers) {
  ServerProcess& gone = start_connected_with(3);
  kill(gone);
  const std::vector<std::string> node = redis().command({"ZRANGE", "peer:{0}:nodes", "0", "0"});
  redis().command({"ZADD", "peer:{0}:nodes", "1", node.at(0)});
  leave_something_in(1);
  ServerProcess& waiting = start_node_with(
      fmt(R"(plugins: {broker: {name: redis, options: {addr: "127.0.0.1:%", beat_ms: 100,
              lease_ms: 60000, parts: 2, legacy_channels: false}}})",
          redis().port()));
  wait_for_output(waiting, "is in use by nodes with 'parts: 3'");
  EXPECT_THAT(born(0, "w"), Not(ElementsAre("")));
  ServerProcess& back = start_connected_with(3);
  EXPECT_THAT(redis().command({"HMGET", "peer:{0}:born", "p", "w"}), ElementsAre("3", ""));
  EXPECT_TRUE(has_something_in(1));
  kill(back);
  stop_node(waiting);
  wait_for_state(start_with(2), "connected");  // nobody comes back
  EXPECT_FALSE(has_something_in(1));
}

// Redis serves others meanwhile.
TEST_F(PartsNumberTest, WhatIsRemovedGoesInSteps) {
  stop_node(start_connected_with(3));
  redis().command({"EVAL", R"(for i = 1, 8000 do
                                redis.call('SET', 'peer:{0}:a:old' .. i, 'of before')
                                redis.call('SET', 'of others' .. i, 'kept')
                              end)",
                   "0"});
  ServerProcess& two = start_with(2);
  const Deadline deadline;
  while (born(0, "c") == std::vector<std::string>{""}) ASSERT_FALSE(deadline.passed());
  wait_for_state(two, "connected");
  EXPECT_THAT(redis().command({"KEYS", "peer:{0}:a:*"}), ElementsAre());
  EXPECT_EQ(redis().command({"KEYS", "of others*"}).size(), 8000U);
  EXPECT_THAT(redis().command({"HMGET", "peer:{0}:born", "v", "p", "c"}),
              ElementsAre("1a", "2", ""));
}

// In the part that two have not, what the first three had is of the same number as what comes.
TEST_F(PartsNumberTest, WhatIsOlderThanAChangeOfTheNumberDoesNotComeBack) {
  stop_node(start_connected_with(3));
  for (const int part : {0, 1, 2}) leave_something_in(part);
  stop_node(start_connected_with(2));
  EXPECT_TRUE(has_something_in(2));
  start_connected_with(3);
  for (const int part : {0, 1, 2}) EXPECT_FALSE(has_something_in(part)) << part;
}

TEST_F(PartsNumberTest, WhatIsThereIsKeptWhenAllHaveStoppedAndStartedAgain) {
  stop_node(start_connected_with(3));
  for (const int part : {0, 1, 2}) leave_something_in(part);
  start_connected_with(3);
  for (const int part : {0, 1, 2}) EXPECT_TRUE(has_something_in(part)) << part;
}

TEST_F(PartsNumberTest, ALossInPartZeroCostsTheOthersNothing) {
  ServerProcess& node = start_connected_with(2);
  leave_something_in(1);
  const auto before = born(0, "g");
  redis().command({"EVAL", R"(for _, key in ipairs(redis.call('KEYS', 'peer:{0}:*')) do
                                redis.call('DEL', key)
                              end)",
                   "0"});
  wait_for_output(node, "Redis has lost its data");
  const Deadline deadline;
  while (born(1, "g") == before || born(1, "g") != born(0, "g")) ASSERT_FALSE(deadline.passed());
  wait_for_state(node, "connected");
  EXPECT_TRUE(has_something_in(1));
}

}  // namespace
}  // namespace peer::test
