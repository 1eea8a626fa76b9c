// A Redis Cluster, any node of which is the address.
#include <memory>

#include "tests/integration/cluster/metronome.h"
#include "tests/integration/cluster/redis_cluster.h"
#include "tests/integration/cluster/redis_setup_test.h"

namespace peer::test {
namespace {

/// Two masters, which share the slots: one set for all tests here, since a new one takes seconds.
class RedisClusterTest : public RedisSetupTest {
 protected:
  static void SetUpTestSuite() { cluster_ = std::make_unique<RedisCluster>(2, 1); }
  static void TearDownTestSuite() { cluster_.reset(); }
  static RedisCluster& cluster() { return *cluster_; }
  static int connections(RedisClient& client) {
    const std::string info = client.command({"INFO", "stats"}).at(0);
    const std::string_view name = "total_connections_received:";
    return std::stoi(info.substr(info.find(name) + name.size()));
  }

  /// Who has our keys now, and the other one.
  static RedisProcess& owner() { return cluster().server(cluster().owner_of(0)); }
  static std::size_t other_number() { return 1 - cluster().owner_of(0); }
  static RedisProcess& other() { return cluster().server(other_number()); }
  static std::string addr(const RedisProcess& server) {
    return fmt(R"(addr: "127.0.0.1:%")", server.port());
  }

  void TearDown() override {
    RedisSetupTest::TearDown();
    owner().command({"FLUSHALL"});
  }

 private:
  inline static std::unique_ptr<RedisCluster> cluster_;
};

TEST_F(RedisClusterTest, AnyOfItsNodesIsAnAddress) {
  start_pair_with(addr(other()), addr(owner()));
  wait_until_served_by(owner(), Deadline());
  for (int i = 0; i < 20; ++i) exchange();
  EXPECT_EQ(lost_of_all(), 0);
  EXPECT_EQ(first().output().find("out of reach"), std::string::npos) << first().output();
  EXPECT_EQ(broker_stats(first())["dropped"].number(), 0);
}

TEST_F(RedisClusterTest, SeveralAddressesAreTriedInTurn) {
  const std::string all = fmt(R"(addr: "127.0.0.1:1,127.0.0.1:%,127.0.0.1:2")", other().port());
  start_pair_with(all, all);
  wait_until_served_by(owner(), Deadline());
  exchange();
  EXPECT_EQ(lost_of_all(), 0);
}

TEST_F(RedisClusterTest, WhenTheKeysMoveTheNodesFollowAndNoLossIsUncounted) {
  start_pair_with(addr(owner()), addr(owner()));
  for (int move = 0; move < 4; ++move) {
    for (int i = 0; i < 50; ++i) exchange();
    cluster().move(0, other_number(), [this] {
      for (int i = 0; i < 50; ++i) exchange();
    });
    for (int i = 0; i < 50; ++i) exchange();
    wait_until_served_by(owner(), Deadline(2s));
    EXPECT_EQ(first().output().find("out of reach"), std::string::npos) << first().output();
  }
  // Of what was sent when the old owner said no, nobody knows whether it was done: most of it was.
  const int lost = lost_of_all();
  EXPECT_LE(lost,
            broker_stats(first())["dropped"].number() + broker_stats(second())["dropped"].number());
  expect_sound(owner(), 2);
  expect_silence_of({&alice(), &bob()});
}

TEST_F(RedisClusterTest, WhenTheOwnerChangesAtOnceNothingIsDoubled) {
  start_pair_with(addr(owner()), addr(owner()));
  const Metronome metronome(1ms);
  for (int change = 0; change < 4; ++change) {
    cluster().move_empty(0, other_number());
    for (int i = 0; i < 150; ++i) {
      exchange();
      metronome.next();
    }
    wait_until_served_by(owner(), Deadline());
  }
  lost_of_all();  // some are, as ever when Redis loses all: none comes twice or out of order
  expect_sound(owner(), 2);
  expect_silence_of({&alice(), &bob()});
}

// Neither node has anything to say: the one that notices tells the other.
TEST_F(RedisClusterTest, ANodeThatIsIdleFollowsAsSoonAsAnotherOneDoes) {
  const std::string slow = addr(owner()) + ", beat_ms: 60000, lease_ms: 120000";
  const auto config = [&](std::string_view options) {
    return fmt("plugins: {broker: {name: redis, options: {%}}}", options);
  };
  ServerProcess& one = start_node_with(config(slow));
  ServerProcess& two = start_node_with(config(slow));
  wait_for_state(one, "connected");
  wait_for_state(two, "connected");
  wait_for_nodes(one, 2);
  wait_for_nodes(two, 2);
  cluster().move(0, other_number());
  TestPeer alice = peer_in(one, "game", "alice");  // whose join says MOVED
  RedisClient client = owner().client();
  const Deadline deadline;
  while (listeners(client) != 2) ASSERT_FALSE(deadline.passed());
}

// Until the Cluster knows, the others go on sending everybody to the dead one.
TEST_F(RedisClusterTest, WhileTheOwnerIsDeadTheOthersAreAskedNowAndThen) {
  start_pair_with(addr(other()), addr(other()));
  RedisClient client = other().client();
  owner().kill();
  wait_for_state(first(), "degraded");
  const int before = connections(client);
  cluster().wait_for(other_number(), "cluster_state:fail");
  EXPECT_LT(connections(client) - before, 200);
  owner().restart();
  wait_until_served_by(owner(), Deadline(20s));
  exchange();
  EXPECT_EQ(lost_of_all(), 0);
  expect_sound(owner(), 2);
}

// The last test here: the replica stays among the nodes that the Cluster knows.
TEST_F(RedisClusterTest, AReplicaThatIsPromotedIsFollowed) {
  cluster().add_replica(cluster().owner_of(0));
  const std::size_t master = cluster().owner_of(0);
  RedisProcess& replica = cluster().server(2);
  start_pair_with(addr(other()), addr(other()));
  const Metronome metronome(1ms);
  const auto exchange_for_a_while = [&] {
    for (int i = 0; i < 150; ++i) {
      exchange();
      metronome.next();
    }
  };
  exchange_for_a_while();
  cluster().promote(2);
  exchange_for_a_while();
  wait_until_served_by(replica, Deadline());
  expect_sound(replica, 2);
  // The former owner is its replica now, and takes over from a dead one.
  replica.kill();
  cluster().promote(master, RedisCluster::Promotion::kByForce);
  exchange_for_a_while();
  wait_until_served_by(owner(), Deadline(20s));
  lost_of_all();  // some are, of those that the dead one had taken: none comes twice or out of
                  // order
  expect_sound(owner(), 2);
  expect_silence_of({&alice(), &bob()});
}

}  // namespace
}  // namespace peer::test
