// What the nodes share in several parts, on a Redis Cluster of three masters.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/cluster/redis_setup_test.h"
#include "tests/support/free_port.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int kParts = 12;

/// One set of masters for all tests here, since a new one takes seconds.
class RedisClusterPartsTest : public RedisSetupTest {
 protected:
  static void SetUpTestSuite() {
    for (auto& master : masters_) master = start_server();
    old_ = start_server({"--rename-command", "SSUBSCRIBE", ""});
    old_->command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"});
    masters_[0]->command({"CLUSTER", "ADDSLOTSRANGE", "0", "5460"});
    masters_[1]->command({"CLUSTER", "ADDSLOTSRANGE", "5461", "10922"});
    masters_[2]->command({"CLUSTER", "ADDSLOTSRANGE", "10923", "16383"});
    for (const int i : {1, 2}) {
      masters_[0]->command({"CLUSTER", "MEET", "127.0.0.1", std::to_string(masters_[i]->port()),
                            masters_[i]->command({"CONFIG", "GET", "cluster-port"}).at(1)});
    }
    for (const auto& master : masters_) wait_for_cluster(*master, "cluster_known_nodes:3");
    for (const auto& master : masters_) wait_for_cluster(*master, "cluster_state:ok");
    for (std::size_t part = 0; part < slots_.size(); ++part) {
      slots_[part] = masters_[0]->command({"CLUSTER", "KEYSLOT", fmt("peer:{%}", part)}).at(0);
    }
  }
  static void TearDownTestSuite() {
    for (auto& master : masters_) master.reset();
    old_.reset();
  }
  static std::unique_ptr<RedisProcess> start_server(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--save",
                                       "",
                                       "--cluster-enabled",
                                       "yes",
                                       "--cluster-node-timeout",
                                       "2000",
                                       "--cluster-port",
                                       std::to_string(free_port())};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<RedisProcess>(arguments);
  }
  static void wait_for_cluster(RedisProcess& server, std::string_view state) {
    RedisClient client = server.client();
    const Deadline deadline(20s);
    while (client.command({"CLUSTER", "INFO"}).at(0).find(state) == std::string::npos) {
      ASSERT_FALSE(deadline.passed()) << state;
    }
  }
  static std::unique_ptr<RedisProcess> start_replica_of(RedisProcess& server) {
    auto replica = start_server();
    masters_[0]->command({"CLUSTER", "MEET", "127.0.0.1", std::to_string(replica->port()),
                          replica->command({"CONFIG", "GET", "cluster-port"}).at(1)});
    wait_for_cluster(*replica, "cluster_known_nodes:4");
    replica->command({"CLUSTER", "REPLICATE", server.command({"CLUSTER", "MYID"}).at(0)});
    RedisClient client = replica->client();
    const Deadline deadline(20s);
    while (client.command({"INFO", "replication"}).at(0).find("master_link_status:up") ==
           std::string::npos) {
      EXPECT_FALSE(deadline.passed());
    }
    return replica;
  }
  static void wait_for_role(RedisProcess& server, const std::string& role) {
    RedisClient client = server.client();
    const Deadline deadline(20s);
    while (client.command({"ROLE"}).at(0) != role) ASSERT_FALSE(deadline.passed());
  }
  static RedisProcess& master(std::size_t i) { return *masters_[i]; }

  /// The parts that a master has now.
  static std::set<int> parts_of(RedisProcess& server) {
    std::set<int> found;
    RedisClient client = server.client();
    for (int part = 0; part < kParts; ++part) {
      try {
        client.command({"EXISTS", fmt("peer:{%}", part)});
        found.insert(part);
      } catch (const std::runtime_error&) {  // MOVED
      }
    }
    return found;
  }
  static std::string options() {
    return fmt(R"(addr: "127.0.0.1:%,127.0.0.1:%,127.0.0.1:%", parts: %, legacy_channels: false)",
               masters_[0]->port(), masters_[1]->port(), masters_[2]->port(), kParts);
  }
  void start_pair_in_parts() { start_pair_with(options(), options()); }
  /// Connections of nodes to a master, each by its kind and number.
  static std::set<std::string> connections(RedisProcess& server, const std::string& type) {
    std::set<std::string> found;
    const std::string list = server.command({"CLIENT", "LIST", "TYPE", type}).at(0);
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t end = list.find('\n', at);
      const std::string line = list.substr(at, end - at);
      // The question itself is one, and masters have some for keys that move.
      const bool is_of_node = line.find("cmd=client") == std::string::npos &&
                              line.find("cmd=restore") == std::string::npos;
      if (is_of_node) found.insert(line.substr(0, line.find(' ')));
      at = end == std::string::npos ? list.size() : end + 1;
    }
    return found;
  }
  static std::vector<std::set<std::string>> client_ids(std::vector<std::size_t> of = {0, 1, 2}) {
    std::vector<std::set<std::string>> ids;
    for (const std::size_t i : of) {
      ids.push_back(connections(master(i), "normal"));
      ids.push_back(connections(master(i), "pubsub"));
    }
    return ids;
  }
  static void wait_for_parts_away(ServerProcess& node, std::size_t count) {
    const Deadline deadline;
    while (broker_stats(node)["parts_away"].number() != static_cast<std::int64_t>(count)) {
      ASSERT_FALSE(deadline.passed()) << node.output();
    }
  }
  /// A namespace that is in one of these parts.
  std::string space_in(const std::set<int>& parts) {
    TestPeer scout = peer(first(), "scout");
    for (int i = 0;; ++i) {
      const std::string ns = fmt("space-%", i);
      scout.join(ns);
      for (const auto& server : masters_) {
        for (const int part : parts_of(*server)) {
          const bool is_here =
              server->command({"EXISTS", fmt("peer:{%}:sm:%", part, ns)}).at(0) == "1";
          if (is_here && parts.contains(part)) return ns;
        }
      }
    }
  }
  /// What a server knows of the others: their numbers, epochs and slots.
  static std::set<std::string> view_of(RedisProcess& server) {
    std::set<std::string> view;
    std::istringstream lines(server.command({"CLUSTER", "NODES"}).at(0));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string known;
      std::string word;
      for (int i = 0; words >> word; ++i) {
        if (i == 0 || i == 6 || (i > 7 && word.front() != '[')) known += word + ' ';
      }
      view.insert(known);
    }
    return view;
  }
  /// All have heard the latest of all: what one of them has said before is not under way any more.
  /// A slot that moves twice too fast ends with two servers that name each other.
  static void wait_for_agreement() {
    const Deadline deadline(20s);
    while (view_of(master(0)) != view_of(master(1)) || view_of(master(1)) != view_of(master(2))) {
      ASSERT_FALSE(deadline.passed());
    }
  }
  static void move_part(int part, RedisProcess& from, RedisProcess& to) {
    wait_for_agreement();
    const std::string& slot = slots_[static_cast<std::size_t>(part)];
    const std::string from_id = from.command({"CLUSTER", "MYID"}).at(0);
    const std::string to_id = to.command({"CLUSTER", "MYID"}).at(0);
    RedisClient at = from.client();
    to.command({"CLUSTER", "SETSLOT", slot, "IMPORTING", from_id});
    at.command({"CLUSTER", "SETSLOT", slot, "MIGRATING", to_id});
    const auto keys = [&] { return at.command({"CLUSTER", "GETKEYSINSLOT", slot, "100"}); };
    for (auto some = keys(); !some.empty(); some = keys()) {
      std::vector<std::string> migrate{"MIGRATE", "127.0.0.1", std::to_string(to.port()), "", "0",
                                       "5000",    "KEYS"};
      migrate.insert(migrate.end(), some.begin(), some.end());
      at.command(migrate);
    }
    for (RedisProcess* server : {&to, &from}) {
      server->command({"CLUSTER", "SETSLOT", slot, "NODE", to_id});
    }
  }
  /// The nodes try again and again there for parts that are elsewhere, which concerns nobody else,
  /// and takes no new connection.
  static void expect_quiet_attempts_at(RedisProcess& server) {
    server.command({"CONFIG", "RESETSTAT"});
    RedisClient client = server.client();
    const Deadline deadline;
    std::string seen;
    // Each attempt asks for the script that is its mark.
    while (std::strtol(behind(seen, "cmdstat_script|exists:calls=").c_str(), nullptr, 10) < 20) {
      ASSERT_FALSE(deadline.passed()) << seen;
      seen = client.command({"INFO", "commandstats"}).at(0);
    }
    EXPECT_THAT(seen, Not(HasSubstr("cmdstat_publish:")));
    EXPECT_THAT(seen, Not(HasSubstr("cmdstat_readwrite:")));
  }
  static std::string behind(const std::string& text, const std::string& start) {
    const auto at = text.find(start);
    return at == std::string::npos ? std::string() : text.substr(at + start.size());
  }
  static std::size_t listeners_of(RedisProcess& server, int part) {
    return server.command({"PUBSUB", "SHARDCHANNELS", fmt("peer:{%}:n:*", part)}).size();
  }
  void wait_for_listeners(RedisProcess& server, int part) {
    const Deadline deadline;
    while (listeners_of(server, part) != 2) ASSERT_FALSE(deadline.passed()) << first().output();
    for (ServerProcess* node : {&first(), &second()}) wait_for_state(*node, "connected");
  }

  void TearDown() override {
    RedisSetupTest::TearDown();
    for (const auto& server : masters_) server->command({"FLUSHALL"});
  }

  inline static std::array<std::string, kParts> slots_;
  inline static std::unique_ptr<RedisProcess> masters_[3];
  /// Another Cluster, as those before Redis 7 are.
  inline static std::unique_ptr<RedisProcess> old_;
};

TEST_F(RedisClusterPartsTest, ANodeHasTwoConnectionsToEachMasterAndListensWhereThePartIs) {
  start_pair_in_parts();
  std::size_t parts = 0;
  for (const auto& server : masters_) {
    const std::set<int> here = parts_of(*server);
    parts += here.size();
    ASSERT_THAT(here, Not(IsEmpty()));
    for (const int part : here) EXPECT_EQ(listeners_of(*server, part), 2U) << part;
    EXPECT_THAT(server->command({"PUBSUB", "CHANNELS", "*"}), IsEmpty());
    EXPECT_EQ(connections(*server, "normal").size(), 2U);
    EXPECT_EQ(connections(*server, "pubsub").size(), 2U);
  }
  EXPECT_EQ(parts, static_cast<std::size_t>(kParts));
  EXPECT_EQ(first().output().find("out of reach"), std::string::npos) << first().output();
}

TEST_F(RedisClusterPartsTest, PeersOfAllPartsHearOfEachOther) {
  start_pair_in_parts();
  for (int i = 0; i < 20; ++i) {
    TestPeer one = peer(first(), fmt("one-%", i));
    TestPeer two = peer(second(), fmt("two-%", i));
    const std::string ns = fmt("pair-%", i);
    one.join(ns);
    two.join(ns);
    expect_news(one, "peer_joined", two);
    one.send("broadcast", fmt(R"({"namespace":"%","data":%})", ns, i));
    EXPECT_EQ(two.next("broadcast")["payload"]["data"].number(), i);
    two.send_to(one.fingerprint(), std::to_string(i));
    EXPECT_EQ(one.next("signal")["payload"].number(), i);
  }
  for (int i = 0; i < 20; ++i) exchange();
  EXPECT_EQ(lost_of_all(), 0);
  EXPECT_EQ(broker_stats(first())["dropped"].number(), 0);
}

TEST_F(RedisClusterPartsTest, AMasterThatDiesCostsItsPartsAlone) {
  start_pair_in_parts();
  const std::set<int> here = parts_of(master(0));
  const std::set<int> lost = parts_of(master(2));
  const std::string kept_space = space_in(here);
  const std::string lost_space = space_in(lost);
  TestPeer witness = peer_in(first(), kept_space, "witness");
  witness.join(lost_space);
  const auto before = client_ids({0, 1});
  // The Cluster goes on without it, and does not choose another one: its slots have nobody.
  for (const std::size_t i : {0U, 1U}) {
    master(i).command({"CONFIG", "SET", "cluster-require-full-coverage", "no"});
  }
  master(2).kill();
  for (ServerProcess* node : {&first(), &second()}) wait_for_parts_away(*node, lost.size());
  EXPECT_EQ(broker_stats(first())["state"].str(), "degraded");
  expect_quiet_attempts_at(master(0));
  TestPeer other = peer_in(second(), kept_space, "other");
  expect_news(witness, "peer_joined", other);
  other.join(lost_space);  // by its node alone
  EXPECT_EQ(client_ids({0, 1}), before);
  master(2).restart();
  for (ServerProcess* node : {&first(), &second()}) {
    wait_for_state(*node, "connected", Deadline(20s));
  }
  expect_news(witness, "peer_joined", other);
  exchange();
  EXPECT_EQ(client_ids({0, 1}), before);
}

TEST_F(RedisClusterPartsTest, APartThatMovesIsFollowedAndTheOthersStayWhereTheyAre) {
  start_pair_in_parts();
  const std::string alice_key = ":p:" + alice().fingerprint();
  // The one where alice is: what is sent to her goes by it.
  int part = 0;
  RedisProcess* from = nullptr;
  for (const auto& server : masters_) {
    for (const int k : parts_of(*server)) {
      const auto record = server->command({"HMGET", fmt("peer:{%}", k) + alice_key, "n", "o"});
      if (record.at(0).empty() || !record.at(1).empty()) continue;
      part = k;
      from = server.get();
    }
  }
  ASSERT_NE(from, nullptr);
  RedisProcess* to = from == masters_[0].get() ? masters_[1].get() : masters_[0].get();
  const auto before = client_ids();
  for (int move = 0; move < 2; ++move) {
    for (int i = 0; i < 50; ++i) exchange();
    move_part(part, *from, *to);
    for (int i = 0; i < 50; ++i) exchange();
    wait_for_listeners(*to, part);
    EXPECT_EQ(listeners_of(*from, part), 0U);
    std::swap(from, to);
  }
  const int lost = lost_of_all();
  EXPECT_LE(lost,
            broker_stats(first())["dropped"].number() + broker_stats(second())["dropped"].number());
  EXPECT_EQ(client_ids(), before);
  EXPECT_EQ(first().output().find("out of reach"), std::string::npos) << first().output();
  expect_silence_of({&alice(), &bob()});
}

// Nobody says anything: Redis itself ends the subscription.
TEST_F(RedisClusterPartsTest, ANodeThatIsIdleFollowsAPartThatMoves) {
  const std::string config =
      fmt("plugins: {broker: {name: redis, options: {%, beat_ms: 60000, lease_ms: 120000}}}",
          options());
  for (int i = 0; i < 2; ++i) wait_for_state(start_node_with(config), "connected");
  const int part = *parts_of(master(0)).begin();
  for (const auto& [from, to] : {std::pair(0U, 1U), std::pair(1U, 0U)}) {
    move_part(part, master(from), master(to));
    const Deadline deadline;
    while (listeners_of(master(to), part) != 2) ASSERT_FALSE(deadline.passed());
  }
}

// Nobody says anything: the former master, a replica now, ends the subscriptions.
TEST_F(RedisClusterPartsTest, AReplicaThatIsPromotedIsFollowedByWhoIsIdleToo) {
  if (std::getenv("PEER_FAILOVERS") == nullptr) GTEST_SKIP() << "takes 7 s: tools/nightly failover";
  const std::unique_ptr<RedisProcess> replica = start_replica_of(master(0));
  const std::string config =
      fmt("plugins: {broker: {name: redis, options: {%, beat_ms: 60000, lease_ms: 120000}}}",
          options());
  for (int i = 0; i < 2; ++i) wait_for_state(start_node_with(config), "connected");
  const std::set<int> parts = parts_of(master(0));
  replica->command({"CLUSTER", "FAILOVER"});
  wait_for_role(*replica, "master");
  wait_for_role(master(0), "slave");
  for (const int part : parts) {
    const Deadline deadline;
    while (listeners_of(*replica, part) != 2) ASSERT_FALSE(deadline.passed()) << part;
  }
  // Back, whether or not the former master has become a whole replica by now.
  master(0).command({"CLUSTER", "FAILOVER", "TAKEOVER"});
  wait_for_role(master(0), "master");
}

TEST_F(RedisClusterPartsTest, AClusterWithoutShardedChannelsIsNamed) {
  wait_for_cluster(*old_, "cluster_state:ok");
  ServerProcess& node = start_node_at(old_->port(), "parts: 2, legacy_channels: false");
  wait_for_output(node, "need Redis 7 or newer");
}

}  // namespace
}  // namespace peer::test
