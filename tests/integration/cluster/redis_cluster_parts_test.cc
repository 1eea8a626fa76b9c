// What the nodes share in several parts, on a Redis Cluster of three masters.
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/cluster/redis_cluster.h"
#include "tests/integration/cluster/redis_setup_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t kMasters = 3;
constexpr std::size_t kParts = 12;

/// One set of masters for all tests here, since a new one takes seconds.
class RedisClusterPartsTest : public RedisSetupTest {
 protected:
  static void SetUpTestSuite() { cluster_ = std::make_unique<RedisCluster>(kMasters, kParts); }
  static void TearDownTestSuite() { cluster_.reset(); }
  static RedisCluster& cluster() { return *cluster_; }
  static RedisProcess& master(std::size_t i) { return cluster().server(i); }
  static void wait_for_role(RedisProcess& server, const std::string& role) {
    RedisClient client = server.client();
    const Deadline deadline(20s);
    while (client.command({"ROLE"}).at(0) != role) ASSERT_FALSE(deadline.passed());
  }
  /// Patient, since a machine that is busy otherwise may take a second for all parts at once.
  static std::string options() {
    return fmt(R"(addr: "%", parts: %, legacy_channels: false, timeout_ms: 1500)",
               cluster().addresses(), kParts);
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
  std::string space_in(const std::vector<std::size_t>& parts) {
    TestPeer scout = peer(first(), "scout");
    for (int i = 0;; ++i) {
      const std::string ns = fmt("space-%", i);
      scout.join(ns);
      for (const std::size_t part : parts) {
        RedisProcess& server = master(cluster().owner_of(part));
        if (server.command({"EXISTS", fmt("peer:{%}:sm:%", part, ns)}).at(0) == "1") return ns;
      }
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
  static std::size_t listeners_of(RedisProcess& server, std::size_t part) {
    return server.command({"PUBSUB", "SHARDCHANNELS", fmt("peer:{%}:n:*", part)}).size();
  }
  void wait_for_listeners(RedisProcess& server, std::size_t part) {
    const Deadline deadline;
    while (listeners_of(server, part) != 2) ASSERT_FALSE(deadline.passed()) << first().output();
    for (ServerProcess* node : {&first(), &second()}) wait_for_state(*node, "connected");
  }

  void expect_to_say_where_the_data_is(RedisProcess& server) {
    for (ServerProcess* node : {&first(), &second()}) {
      wait_for_output(*node, fmt("Redis at 127.0.0.1:% has the data now", server.port()));
      EXPECT_THAT(node->output(), Not(HasSubstr("has restarted")));
      EXPECT_THAT(node->output(), Not(HasSubstr("has lost")));
    }
  }

  void TearDown() override {
    RedisSetupTest::TearDown();
    for (RedisClient& server : cluster().masters()) server.command({"FLUSHALL"});
  }

 private:
  inline static std::unique_ptr<RedisCluster> cluster_;
};

TEST_F(RedisClusterPartsTest, ANodeHasTwoConnectionsToEachMasterAndListensWhereThePartIs) {
  start_pair_in_parts();
  for (std::size_t i = 0; i < kMasters; ++i) {
    for (const std::size_t part : cluster().parts_of(i)) {
      EXPECT_EQ(listeners_of(master(i), part), 2U) << part;
    }
    EXPECT_THAT(master(i).command({"PUBSUB", "CHANNELS", "*"}), IsEmpty());
    EXPECT_EQ(connections(master(i), "normal").size(), 2U);
    EXPECT_EQ(connections(master(i), "pubsub").size(), 2U);
  }
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
  const std::vector<std::size_t> lost = cluster().parts_of(2);
  const std::string kept_space = space_in(cluster().parts_of(0));
  const std::string lost_space = space_in(lost);
  TestPeer witness = peer_in(first(), kept_space, "witness");
  witness.join(lost_space);
  const auto before = client_ids({0, 1});
  // The Cluster goes on without it, and does not choose another one: its slots have nobody.
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
  std::size_t part = 0;
  const auto is_home = [&] {
    const auto record = master(cluster().owner_of(part))
                            .command({"HMGET", fmt("peer:{%}", part) + alice_key, "n", "o"});
    return !record.at(0).empty() && record.at(1).empty();
  };
  while (part < kParts && !is_home()) ++part;
  ASSERT_LT(part, kParts);
  std::size_t from = cluster().owner_of(part);
  // Not where the first address leads: each part has been there to ask.
  std::size_t to = from == 1 ? 2 : 1;
  const auto before = client_ids();
  const std::size_t at_start = first().output().size();
  for (int move = 0; move < 2; ++move) {
    for (int i = 0; i < 50; ++i) exchange();
    cluster().move(part, to);
    for (int i = 0; i < 50; ++i) exchange();
    wait_for_listeners(master(to), part);
    EXPECT_EQ(listeners_of(master(from), part), 0U);
    // The part was at the other one before it came back there: nothing has changed since.
    if (move == 0) expect_to_say_where_the_data_is(master(to));
    std::swap(from, to);
  }
  const int lost = lost_of_all();
  EXPECT_LE(lost,
            broker_stats(first())["dropped"].number() + broker_stats(second())["dropped"].number());
  EXPECT_EQ(client_ids(), before);
  EXPECT_EQ(first().output().find("out of reach", at_start), std::string::npos) << first().output();
  expect_silence_of({&alice(), &bob()});
}

// Nobody says anything: Redis itself ends the subscription.
TEST_F(RedisClusterPartsTest, ANodeThatIsIdleFollowsAPartThatMoves) {
  const std::string config =
      fmt("plugins: {broker: {name: redis, options: {%, beat_ms: 60000, lease_ms: 120000}}}",
          options());
  for (int i = 0; i < 2; ++i) wait_for_state(start_node_with(config), "connected");
  const std::size_t part = cluster().parts_of(0).front();
  for (const std::size_t to : {1U, 0U}) {
    cluster().move(part, to);
    const Deadline deadline;
    while (listeners_of(master(to), part) != 2) ASSERT_FALSE(deadline.passed());
  }
}

// Nobody says anything: the former master, a replica now, ends the subscriptions.
TEST_F(RedisClusterPartsTest, AReplicaThatIsPromotedIsFollowedByWhoIsIdleToo) {
  if (std::getenv("PEER_FAILOVERS") == nullptr) GTEST_SKIP() << "takes 7 s: tools/nightly failover";
  cluster().add_replica(0);
  const std::size_t replica = cluster().replica_of(0);
  const std::string config =
      fmt("plugins: {broker: {name: redis, options: {%, beat_ms: 60000, lease_ms: 120000}}}",
          options());
  for (int i = 0; i < 2; ++i) wait_for_state(start_node_with(config), "connected");
  cluster().promote(replica);
  wait_for_role(master(0), "slave");
  for (const std::size_t part : cluster().parts_of(replica)) {
    const Deadline deadline;
    while (listeners_of(master(replica), part) != 2) ASSERT_FALSE(deadline.passed()) << part;
  }
  // Back, whether or not the former master has become a whole replica by now.
  cluster().promote(0, RedisCluster::Promotion::kByForce);
}

using OldRedisClusterTest = RedisSetupTest;

TEST_F(OldRedisClusterTest, AClusterWithoutShardedChannelsIsNamed) {
  RedisCluster old(1, 1, RedisCluster::OtherSlots::kShared, {"--rename-command", "SSUBSCRIBE", ""});
  ServerProcess& node = start_node_at(old.server(0).port(), "parts: 2, legacy_channels: false");
  wait_for_output(node, "need Redis 7 or newer");
}

}  // namespace
}  // namespace peer::test
