#include "tests/integration/cluster/cluster_test.h"

#include <csignal>
#include <iostream>
#include <stdexcept>

namespace peer::test {

RedisProcess& ClusterTest::redis() {
  if (!redis_) redis_ = std::make_unique<RedisProcess>();
  return *redis_;
}

ServerProcess& ClusterTest::start_node_at(std::uint16_t redis_port, std::string_view options,
                                          std::vector<std::string> settings) {
  return start_node_with(
      fmt(R"(plugins: {broker: {name: redis, options: {addr: "127.0.0.1:%"%%}}})", redis_port,
          options.empty() ? "" : ", ", options),
      std::move(settings));
}

ServerProcess& ClusterTest::start_node_with(std::string config, std::vector<std::string> settings) {
  ServerOptions server;
  server.settings = std::move(settings);
  server.settings.emplace_back("loops=2");
  server.config = std::move(config);
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

void ClusterTest::wait_for_nodes(ServerProcess& node, int count, Deadline deadline) {
  while (broker_stats(node)["nodes"].number() != count) {
    if (deadline.passed()) throw std::runtime_error(http_get(node.port(), "/stats").body);
  }
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

}  // namespace peer::test
