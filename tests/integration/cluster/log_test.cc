// What a node says of Redis: what is so, and what to do, once.
#include <stdexcept>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class RedisLogTest : public PairTest {
 protected:
  static int count(const std::string& text, std::string_view part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }
  static int connections(RedisClient& client) {
    const std::string info = client.command({"INFO", "stats"}).at(0);
    const std::string_view name = "total_connections_received:";
    return std::stoi(info.substr(info.find(name) + name.size()));
  }
};

TEST_F(RedisLogTest, AnAnswerIsToldOnceWithWhatToDo) {
  start_pair("beat_ms: 100, lease_ms: 600, timeout_ms: 1500");
  redis().command({"REPLICAOF", "127.0.0.1", "1"});
  wait_for_state(first(), "degraded");
  RedisClient client = redis().client();
  const int enough = connections(client) + 20;  // of the nodes' attempts
  const Deadline deadline;
  while (connections(client) < enough) ASSERT_FALSE(deadline.passed());
  redis().command({"REPLICAOF", "NO", "ONE"});
  wait_for_output(first(), "Redis is back");
  EXPECT_EQ(count(first().output(), "READONLY"), 1) << first().output();
  EXPECT_THAT(first().output(), HasSubstr("give the address of the master"));
  EXPECT_THAT(first().output(), Not(HasSubstr("out of reach")));
}

TEST_F(RedisLogTest, ANewLinkIsToldOnceWithItsAddress) {
  start_pair("beat_ms: 100, lease_ms: 600");
  const std::string line =
      fmt("plugin broker 'redis': connected to Redis at 127.0.0.1:%; nodes: ", redis().port());
  wait_for_output(first(), line + "1\n");
  wait_for_output(second(), line + "2\n");
  redis().command({"FLUSHALL"});
  wait_for_output(first(), "Redis has lost its data");
  expect_whole({{"game", {&alice(), &bob()}}});
  EXPECT_EQ(count(first().output(), "connected to Redis"), 1) << first().output();
}

TEST_F(RedisLogTest, ARestartThatKeptTheDataIsNotCalledALoss) {
  start_pair();
  // It saves as its last deed: no beat comes between. Its answer is the end of the connection.
  EXPECT_THROW(redis().command({"SHUTDOWN", "SAVE"}), std::runtime_error);
  redis().kill();
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  redis().restart();
  for (ServerProcess* node : {&first(), &second()}) {
    wait_for_output(*node, "Redis has restarted with its data");
    wait_for_state(*node, "connected");
    EXPECT_THAT(node->output(), Not(HasSubstr("has lost")));
  }
  expect_whole({{"game", {&alice(), &bob()}}});
}

TEST_F(RedisLogTest, ARestartWithoutTheLatestDataIsCalledThat) {
  start_pair();
  redis().command({"SAVE"});
  const int before = std::stoi(redis().command({"HGET", "peer:{0}:born", "b"}).at(0));
  const Deadline deadline;
  while (std::stoi(redis().command({"HGET", "peer:{0}:born", "b"}).at(0)) < before + 6) {
    ASSERT_FALSE(deadline.passed());
  }
  redis().kill();
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  redis().restart();
  wait_for_output(first(), "Redis has lost the latest of its data");
  wait_for_output(second(), "Redis has lost the latest of its data");
}

TEST_F(RedisLogTest, WhatRedisForgotIsCalledALoss) {
  start_pair();
  redis().command({"FLUSHALL"});
  wait_for_output(first(), "Redis has lost its data");
  wait_for_output(second(), "Redis has lost its data");
  // What the one told the other of it was understood.
  wait_for_nodes(first(), 2);
  expect_whole({{"game", {&alice(), &bob()}}});
  EXPECT_THAT(first().output() + second().output(), Not(HasSubstr("without a version")));
}

class AddressTest : public testing::TestWithParam<const char*> {};

TEST_P(AddressTest, ThatNamesNoHostIsAMistake) {
  ServerOptions options;
  options.arguments = {"--check-config"};
  options.config = fmt(R"(plugins: {broker: {name: redis, options: {addr: "%"}}})", GetParam());
  ServerProcess server(options);
  EXPECT_EQ(server.wait_exit(), std::optional(78));
  EXPECT_THAT(server.output(), HasSubstr("addr"));
}

INSTANTIATE_TEST_SUITE_P(Mistakes, AddressTest,
                         testing::Values("a b:1", "/run/redis.sock", "[localhost]:6379", "[::1",
                                         "[1:2]:6379", "redis:0", "a/b:6379"));

TEST_F(ClusterTest, NodesThatStartTogetherSeeEachOtherAtOnce) {
  ServerProcess& one = start_node_at(redis().port(), "");
  ServerProcess& two = start_node_at(redis().port(), "");
  wait_for_nodes(one, 2, Deadline(1500ms));
  wait_for_nodes(two, 2, Deadline(1500ms));
}

}  // namespace
}  // namespace peer::test
