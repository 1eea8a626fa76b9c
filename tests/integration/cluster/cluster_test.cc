#include "tests/integration/cluster/cluster_test.h"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>
#include <set>
#include <stdexcept>

#include "tests/integration/cluster/shared_records.h"

namespace peer::test {
namespace {

using Lines = std::vector<std::string>;

std::string line_of(const std::string& ns, const std::set<std::string>& peers) {
  std::string line = "members of \"" + ns + "\":";
  for (const std::string& peer : peers) line += ' ' + peer.substr(0, 8);
  return line;
}

Lines memberships(const SharedRecords& records) {
  Lines lines;
  std::set<std::string> everybody;
  for (const auto& [peer, record] : records.peers) everybody.insert(peer);
  lines.push_back(line_of("", everybody));
  for (const auto& [ns, members] : records.members) {
    std::set<std::string> peers;
    for (const auto& [peer, member] : members) peers.insert(peer);
    lines.push_back(line_of(ns, peers));
  }
  return lines;
}

Lines not_whole(const std::vector<SharedRecords>& parts, const Lines& expected) {
  Lines lines = contradictions(parts);
  for (const SharedRecords& part : parts) {
    const Lines left = left_of_the_dead(part);
    lines.insert(lines.end(), left.begin(), left.end());
  }
  const Lines found = memberships(together(parts));
  for (const std::string& line : found) {
    if (std::count(expected.begin(), expected.end(), line) == 0) lines.push_back("is " + line);
  }
  for (const std::string& line : expected) {
    if (std::count(found.begin(), found.end(), line) == 0) lines.push_back("not " + line);
  }
  return lines;
}

}  // namespace

RedisProcess& ClusterTest::redis() {
  if (!redis_) redis_ = std::make_unique<RedisProcess>();
  return *redis_;
}

ServerProcess& ClusterTest::start_node_at(std::uint16_t redis_port, std::string_view options,
                                          std::vector<std::string> settings) {
  const std::string_view parts = in_parts_ ? ", parts: 3, legacy_channels: false" : "";
  return start_node_with(
      fmt(R"(plugins: {broker: {name: redis, options: {addr: "127.0.0.1:%"%%%}}})", redis_port,
          parts, options.empty() ? "" : ", ", options),
      std::move(settings));
}

ServerProcess& ClusterTest::start_node_with(std::string config, std::vector<std::string> settings) {
  ServerOptions server;
  // A test may say otherwise: the last one counts.
  settings.insert(settings.begin(), "loops=2");
  server.settings = std::move(settings);
  server.config = std::move(config);
  server.environment = environment_;
  server.server = server_binary_;
  nodes_.push_back(std::make_unique<ServerProcess>(server));
  nodes_.back()->wait_until_listening();
  return *nodes_.back();
}

ServerProcess& ClusterTest::start_node(std::string_view options,
                                       std::vector<std::string> settings) {
  ServerProcess& node = start_node_at(redis().port(), options, std::move(settings));
  wait_for_state(node, "connected");
  return node;
}

TestPeer ClusterTest::peer(ServerProcess& node, std::string_view name) {
  TestPeer result(node.port());
  result.register_as(name, fmt(R"("alias":"%")", name));
  return result;
}

TestPeer ClusterTest::peer_in(ServerProcess& node, std::string_view ns, std::string_view name) {
  TestPeer result = peer(node, name);
  result.join(ns);
  return result;
}

Json ClusterTest::discover(TestPeer& peer, std::string_view ns, std::string_view more) {
  peer.send("discover", fmt(R"({"namespace":"%"%%})", ns, more.empty() ? "" : ",", more));
  return peer.next("peer_list");
}

std::vector<std::string> ClusterTest::aliases(const Json& peer_list) {
  const Json peers = peer_list["payload"]["peers"];
  std::vector<std::string> found;
  for (std::size_t i = 0; i < peers.size(); ++i) found.push_back(peers[i]["alias"].str());
  return found;
}

void ClusterTest::expect_news(TestPeer& witness, std::string_view type, const TestPeer& peer) {
  EXPECT_EQ(witness.next(type)["from"].str(), peer.fingerprint()) << witness.last_text();
}

void ClusterTest::expect_news_of(TestPeer& witness, std::string_view type,
                                 std::initializer_list<const TestPeer*> peers) {
  std::vector<std::string> expected;
  std::vector<std::string> found;
  for (const TestPeer* peer : peers) {
    expected.push_back(peer->fingerprint());
    found.push_back(witness.next(type)["from"].str());
  }
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(expected));
}

Json ClusterTest::broker_stats(ServerProcess& node) {
  return Json::parse(http_get(node.port(), "/stats").body)["broker"];
}

void ClusterTest::wait_for_state(ServerProcess& node, std::string_view state, Deadline deadline) {
  while (broker_stats(node)["state"].str() != state) {
    if (deadline.passed()) {
      throw std::runtime_error(fmt("the broker is not %: %\n%", state,
                                   http_get(node.port(), "/stats").body, node.output()));
    }
  }
}

void ClusterTest::wait_for_output(ServerProcess& node, std::string_view text, Deadline deadline) {
  while (node.output().find(text) == std::string::npos) {
    if (deadline.passed()) throw std::runtime_error(fmt("no \"%\" in\n%", text, node.output()));
  }
}

void ClusterTest::wait_for_nodes(ServerProcess& node, int count, Deadline deadline) {
  while (broker_stats(node)["nodes"].number() != count) {
    if (deadline.passed()) throw std::runtime_error(http_get(node.port(), "/stats").body);
  }
}

void ClusterTest::expect_whole(const std::vector<Members>& all) {
  std::map<std::string, std::set<std::string>> spaces{{"", {}}};
  for (const Members& members : all) {
    for (const TestPeer* peer : members.peers) {
      spaces[members.ns].insert(peer->fingerprint());
      spaces[""].insert(peer->fingerprint());
    }
  }
  Lines expected;
  for (const auto& [ns, peers] : spaces) expected.push_back(line_of(ns, peers));
  std::vector<RedisClient> servers = stores();
  const Deadline deadline;
  Lines wrong = not_whole(read_parts(servers), expected);
  while (!wrong.empty() && !deadline.passed()) {
    wrong = not_whole(read_parts(servers), expected);
  }
  EXPECT_THAT(wrong, testing::ElementsAre());
}

std::vector<RedisClient> ClusterTest::stores() {
  std::vector<RedisClient> servers;
  servers.push_back(redis().client());
  return servers;
}

void ClusterTest::stop_node(ServerProcess& node, int expected_code) {
  node.signal(SIGTERM);
  EXPECT_EQ(node.wait_exit(), std::optional(expected_code)) << node.output();
}

void ClusterTest::TearDown() {
  for (const auto& node : nodes_) {
    if (!node->wait_exit(Deadline(0ms))) stop_node(*node);
    if (HasFailure()) std::cerr << "--- output of a node:\n" << node->output();
  }
}

void PairTest::start_pair(std::string_view options, std::uint16_t first_redis_port) {
  const std::vector<std::string> unlimited{"rate_limit_per_sec=1000000",
                                           "rate_limit_burst=1000000"};
  const std::uint16_t port = first_redis_port == 0 ? redis().port() : first_redis_port;
  first_ = &start_node_at(port, options, unlimited);
  wait_for_state(*first_, "connected");
  second_ = &start_node(options, unlimited);
  alice_ = std::make_unique<TestPeer>(peer_in(*first_, "game", "alice"));
  bob_ = std::make_unique<TestPeer>(peer_in(*second_, "game", "bob"));
  expect_news(*alice_, "peer_joined", *bob_);
}

void PairTest::TearDown() {
  alice_.reset();
  bob_.reset();
  ClusterTest::TearDown();
}

}  // namespace peer::test
