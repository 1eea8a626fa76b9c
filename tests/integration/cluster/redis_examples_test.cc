// config/cluster as it is shipped: ports and paths alone are replaced. And the rights of the user
// that the README of the plugin prints: all of them, and one less.
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/integration/cluster/redis_certificates.h"
#include "tests/integration/cluster/redis_setup_test.h"
#include "tests/support/free_port.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

using Replacements = std::vector<std::pair<std::string, std::string>>;

/// Every one of the texts must be there.
std::string replaced(std::string text, const Replacements& replacements) {
  for (const auto& [from, to] : replacements) {
    auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    for (; at != std::string::npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

std::string shipped(const std::string& name, const Replacements& replacements = {}) {
  const std::string text = read_file(PEER_SOURCE_DIR "/config/cluster/" + name);
  EXPECT_NE(text, "") << name;
  return replaced(text, replacements);
}

/// What the README prints behind "ACL SETUSER peer ".
std::vector<std::string> printed_rules() {
  std::ifstream readme(PEER_SOURCE_DIR "/plugins/broker_redis/README.md");
  const std::string start = "ACL SETUSER peer ";
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with(start)) continue;
    std::istringstream words(line.substr(start.size()));
    return {std::istream_iterator<std::string>(words), {}};
  }
  throw std::runtime_error("the README prints no user");
}

class RedisExamplesTest : public RedisSetupTest {
 protected:
  void start_pair_of(const std::string& config) {
    const std::vector<std::string> quick{"plugins.broker.options.beat_ms=100",
                                         "plugins.broker.options.lease_ms=600"};
    first_ = &start_node_with(config, quick);
    second_ = &start_node_with(config, quick);
    for (ServerProcess* node : {first_, second_}) wait_for_state(*node, "connected");
    for (ServerProcess* node : {first_, second_}) wait_for_nodes(*node, 2);
  }
  void expect_one_server() {
    TestPeer alice = peer_in(*first_, "game", "alice");
    TestPeer bob = peer_in(*second_, "game", "bob");
    expect_news(alice, "peer_joined", bob);
    alice.send_to(bob.fingerprint(), "1");
    EXPECT_EQ(bob.next("signal")["payload"].number(), 1);
    alice.send_to("bob", "2");
    EXPECT_EQ(bob.next("signal")["payload"].number(), 2);
    alice.send("broadcast", R"({"namespace":"game","data":3})");
    EXPECT_EQ(bob.next("broadcast")["payload"]["data"].number(), 3);
    alice.create_room("den");
    bob.join("den");
    expect_news(alice, "peer_joined", bob);
    for (TestPeer* peer : {&alice, &bob}) peer->send("match", R"({"namespace":"game"})");
    for (TestPeer* peer : {&alice, &bob}) {
      while (peer->next()["type"].str() != "matched") continue;
    }
    for (TestPeer* peer : {&alice, &bob}) peer->close();
  }
  ServerProcess& one() { return *first_; }
  ServerProcess& two() { return *second_; }
  TempDir dir_;

 private:
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(RedisExamplesTest, OfSentinelWorks) {
  const RedisProcess master(std::vector<std::string>{"--save", ""});
  std::vector<std::unique_ptr<RedisProcess>> sentinels;
  for (int i = 0; i < 3; ++i) {
    const std::string file = dir_.write(
        fmt("sentinel%.conf", i),
        shipped("sentinel.conf", {{"127.0.0.1 6379 2", fmt("127.0.0.1 % 2", master.port())}}));
    sentinels.push_back(
        std::make_unique<RedisProcess>(std::vector<std::string>{file, "--sentinel"}));
  }
  start_pair_of(shipped("redis-sentinel.yaml", {{":26379", fmt(":%", sentinels[0]->port())},
                                                {":26380", fmt(":%", sentinels[1]->port())},
                                                {":26381", fmt(":%", sentinels[2]->port())},
                                                {"port: 8081", "port: 0"}}));
  expect_one_server();
}

TEST_F(RedisExamplesTest, OfClusterWorks) {
  const std::string file = dir_.write("redis.conf", shipped("redis-cluster.conf"));
  std::vector<std::unique_ptr<RedisProcess>> servers;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(std::make_unique<RedisProcess>(
        std::vector<std::string>{file, "--cluster-port", std::to_string(free_port())}));
  }
  const char* slots[] = {"0", "5461", "5462", "10922", "10923", "16383"};
  for (std::size_t i = 0; i < 3; ++i) {
    servers[i]->command({"CLUSTER", "ADDSLOTSRANGE", slots[2 * i], slots[2 * i + 1]});
    servers[0]->command({"CLUSTER", "MEET", "127.0.0.1", std::to_string(servers[i]->port()),
                         servers[i]->command({"CONFIG", "GET", "cluster-port"}).at(1)});
  }
  start_pair_of(shipped("redis-cluster.yaml", {{":7001", fmt(":%", servers[0]->port())},
                                               {":7002", fmt(":%", servers[1]->port())},
                                               {":7003", fmt(":%", servers[2]->port())},
                                               {"port: 8081", "port: 0"}}));
  expect_one_server();
}

TEST_F(RedisExamplesTest, OfTlsAndUsersWorksAlsoAfterAnOutage) {
  RedisCertificates certificates;
  certificates.issue("redis", "DNS:localhost");
  certificates.issue("node", "DNS:node");
  const std::string tls_port = std::to_string(free_port());
  const std::string users = dir_.write("users.acl", shipped("users.acl"));
  const std::string file = dir_.write(
      "redis.conf",
      shipped("redis-tls.conf", {{"tls-port 6380", "tls-port " + tls_port},
                                 {"/etc/redis/ca.pem", certificates.ca()},
                                 {"/etc/redis/redis.pem", certificates.certificate("redis")},
                                 {"/etc/redis/redis.key", certificates.key("redis")},
                                 {"/etc/redis/users.acl", users}}));
  RedisProcess server(std::vector<std::string>{file});
  start_pair_of(shipped("redis-tls.yaml",
                        {{":6380", ":" + tls_port},
                         {"/etc/peer-server/redis-password", dir_.write("password", "change-me\n")},
                         {"/etc/peer-server/redis-ca.pem", certificates.ca()},
                         {"/etc/peer-server/redis-node.pem", certificates.certificate("node")},
                         {"/etc/peer-server/redis-node.key", certificates.key("node")},
                         {"port: 8081", "port: 0"}}));
  expect_one_server();
  server.kill();
  wait_for_state(one(), "degraded");
  wait_for_state(two(), "degraded");
  server.restart();
  for (ServerProcess* node : {&one(), &two()}) wait_for_state(*node, "connected");
  for (ServerProcess* node : {&one(), &two()}) wait_for_nodes(*node, 2);
  expect_one_server();
}

TEST_F(RedisExamplesTest, TheUserOfTheReadmeIsThatOfTheExample) {
  std::string user = "user peer";
  for (const std::string& rule : printed_rules()) user += " " + rule;
  EXPECT_THAT(shipped("users.acl"), HasSubstr(user + "\n"));
}

// All at once: each node has a user of its own, and a peer, so that all scripts are run.
TEST_F(RedisExamplesTest, AUserWithARightLessIsToldOf) {
  const std::vector<std::string> rules = printed_rules();
  struct Lesser {
    std::string rule;
    ServerProcess* node;
  };
  std::vector<Lesser> all;
  RedisClient client = redis().client();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const bool grants = std::string("+~&").find(rules[i][0]) != std::string::npos;
    // Of the last two it can do without: they are for a warning, and for Sentinel.
    if (!grants || rules[i] == "+info" || rules[i] == "+role") continue;
    const std::string name = "lesser" + std::to_string(i);
    std::vector<std::string> command{"ACL", "SETUSER", name};
    for (std::size_t k = 0; k < rules.size(); ++k) {
      if (k != i) command.push_back(rules[k]);
    }
    client.command(command);
    all.push_back({rules[i], &start_with_options(fmt(R"(addr: "redis://%:change-me@127.0.0.1:%")",
                                                     name, redis().port()))});
  }
  EXPECT_EQ(all.size(), 11U);
  for (const Lesser& lesser : all) {
    TestPeer alice = peer_in(*lesser.node, "game", "alice");
    wait_for_output(*lesser.node, "; this node works on its own until then");
    EXPECT_THAT(lesser.node->output(), testing::AnyOf(HasSubstr("NOPERM"), HasSubstr("script")))
        << lesser.rule;
    alice.close();
  }
}

}  // namespace
}  // namespace peer::test
