#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/cluster/redis_process.h"
#include "tests/support/http_client.h"
#include "tests/support/json.h"
#include "tests/support/server_process.h"
#include "tests/support/test_peer.h"

namespace peer::test {

using namespace literals;

/// Options of the broker that make faults quick to find: a beat of 100 ms, a lease of 600 ms.
inline constexpr const char* kQuick = "beat_ms: 100, lease_ms: 600";

/// The same, and Redis is taken for away after 200 ms without an answer.
inline constexpr const char* kQuickToDoubt = "beat_ms: 100, lease_ms: 600, timeout_ms: 200";

/// Tests with several nodes and a Redis of their own. After the test, every node that still runs
/// must end with 0 on SIGTERM.
class ClusterTest : public testing::Test {
 protected:
  /// Starts a node and waits until it is part of the cluster. `options`: of the broker, as YAML.
  ServerProcess& start_node(std::string_view options = kQuick,
                            std::vector<std::string> settings = {});
  /// The same without waiting for Redis; `redis_port` may be that of a proxy.
  ServerProcess& start_node_at(std::uint16_t redis_port, std::string_view options = kQuick,
                               std::vector<std::string> settings = {});
  /// A node with this configuration file; whether Redis is there does not matter.
  ServerProcess& start_node_with(std::string config, std::vector<std::string> settings = {});
  RedisProcess& redis();
  /// Of the nodes that are started from now on.
  std::map<std::string, std::string>& environment() { return environment_; }

  /// Whether what they share is in three parts; with PEER_TEST_PARTS in the environment it is.
  bool& in_parts() { return in_parts_; }
  /// Where what they share is, if in several servers each with other parts.
  virtual std::vector<RedisClient> stores();
  /// Which build of the server they are; empty: this one's.
  std::string& server_binary() { return server_binary_; }

  /// A registered peer with public key and alias `name`.
  static TestPeer peer(ServerProcess& node, std::string_view name);
  /// One that has joined `ns`; what those before it hear of that is not read.
  static TestPeer peer_in(ServerProcess& node, std::string_view ns, std::string_view name);
  static Json discover(TestPeer& peer, std::string_view ns, std::string_view more = {});
  static std::vector<std::string> aliases(const Json& peer_list);
  /// The next message must announce `peer` by this type, peer_joined or peer_left.
  static void expect_news(TestPeer& witness, std::string_view type, const TestPeer& peer);

  /// The next messages announce these peers by this type, in any order.
  static void expect_news_of(TestPeer& witness, std::string_view type,
                             std::initializer_list<const TestPeer*> peers);

  /// What /stats says of the broker.
  static Json broker_stats(ServerProcess& node);
  static void wait_for_state(ServerProcess& node, std::string_view state,
                             Deadline deadline = Deadline(10s));
  static void wait_for_output(ServerProcess& node, std::string_view text,
                              Deadline deadline = Deadline(10s));
  static void wait_for_nodes(ServerProcess& node, int count, Deadline deadline = Deadline(10s));

  /// A namespace or a room, and who must be in it, in any order; "" for peers that are nowhere.
  struct Members {
    std::string ns;
    std::vector<const TestPeer*> peers;
  };
  /// Waits until what is shared is whole: every index equals the records that it points to,
  /// nothing is left of dead nodes, and exactly these peers are registered and members.
  void expect_whole(const std::vector<Members>& all);

  void stop_node(ServerProcess& node, int expected_code = 0);
  void TearDown() override;

 private:
  std::unique_ptr<RedisProcess> redis_;
  bool in_parts_ = std::getenv("PEER_TEST_PARTS") != nullptr;
  std::map<std::string, std::string> environment_;
  std::string server_binary_;
  std::vector<std::unique_ptr<ServerProcess>> nodes_;
};

/// Two nodes with one member of "game" each, alice and bob, who know of each other.
class PairTest : public ClusterTest {
 protected:
  /// `first_redis_port`: of a proxy for the first node; 0 for none.
  void start_pair(std::string_view options = kQuick, std::uint16_t first_redis_port = 0);
  TestPeer& alice() { return *alice_; }
  TestPeer& bob() { return *bob_; }
  ServerProcess& first() { return *first_; }
  ServerProcess& second() { return *second_; }
  void TearDown() override;

 private:
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
  std::unique_ptr<TestPeer> alice_;
  std::unique_ptr<TestPeer> bob_;
};

}  // namespace peer::test
