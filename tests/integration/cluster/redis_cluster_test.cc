// A Redis Cluster, any node of which is the address.
#include <algorithm>

#include "tests/integration/cluster/metronome.h"
#include "tests/integration/cluster/redis_setup_test.h"
#include "tests/support/free_port.h"

namespace peer::test {
namespace {

/// Two masters, which have half of the slots each: one set for all tests here, since a new one
/// takes seconds.
class RedisClusterTest : public RedisSetupTest {
 protected:
  static void SetUpTestSuite() {
    for (auto& server : servers_) server = start_server();
    owner_ = 1;  // the slot of {0} is in the second half
    servers_[0]->command({"CLUSTER", "ADDSLOTSRANGE", "0", "8191"});
    servers_[1]->command({"CLUSTER", "ADDSLOTSRANGE", "8192", "16383"});
    introduce(*servers_[1]);
    for (const auto& server : servers_) wait_for_cluster(*server, "cluster_known_nodes:2");
    for (const auto& server : servers_) wait_for_cluster(*server, "cluster_state:ok");
    slot_ = servers_[0]->command({"CLUSTER", "KEYSLOT", "peer:{0}"}).at(0);
  }
  static void TearDownTestSuite() {
    for (auto& server : servers_) server.reset();
  }

  static std::unique_ptr<RedisProcess> start_server() {
    return std::make_unique<RedisProcess>(
        std::vector<std::string>{"--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout",
                                 "2000", "--cluster-port", std::to_string(free_port())});
  }
  static void introduce(RedisProcess& server) {
    servers_[0]->command({"CLUSTER", "MEET", "127.0.0.1", std::to_string(server.port()),
                          server.command({"CONFIG", "GET", "cluster-port"}).at(1)});
  }
  /// A copy of the owner that has all of its data.
  static std::unique_ptr<RedisProcess> start_replica() {
    auto replica = start_server();
    introduce(*replica);
    wait_for_cluster(*replica, "cluster_known_nodes:3");
    replica->command({"CLUSTER", "REPLICATE", owner().command({"CLUSTER", "MYID"}).at(0)});
    RedisClient client = replica->client();
    const Deadline deadline(20s);
    const auto is_whole = [&] {
      return client.command({"INFO", "replication"}).at(0).find("master_link_status:up") !=
             std::string::npos;
    };
    while (!is_whole() && !deadline.passed()) {
    }
    EXPECT_TRUE(is_whole());
    return replica;
  }

  static void wait_for_cluster(RedisProcess& server, std::string_view state) {
    RedisClient client = server.client();
    const Deadline deadline(20s);
    while (client.command({"CLUSTER", "INFO"}).at(0).find(state) == std::string::npos) {
      ASSERT_FALSE(deadline.passed()) << state;
    }
  }
  static int connections(RedisClient& client) {
    const std::string info = client.command({"INFO", "stats"}).at(0);
    const std::string_view name = "total_connections_received:";
    return std::stoi(info.substr(info.find(name) + name.size()));
  }

  /// Who has our keys now, and the other one.
  static RedisProcess& owner() { return *servers_[owner_]; }
  static RedisProcess& other() { return *servers_[1 - owner_]; }
  static std::string addr(const RedisProcess& server) {
    return fmt(R"(addr: "127.0.0.1:%")", server.port());
  }

  /// As redis-cli moves a slot. `meanwhile`: between the announcement and the first key.
  template <typename Function>
  static void move_keys(Function meanwhile) {
    RedisClient from = owner().client();
    RedisClient to = other().client();
    const std::string from_id = from.command({"CLUSTER", "MYID"}).at(0);
    const std::string to_id = to.command({"CLUSTER", "MYID"}).at(0);
    to.command({"CLUSTER", "SETSLOT", slot_, "IMPORTING", from_id});
    from.command({"CLUSTER", "SETSLOT", slot_, "MIGRATING", to_id});
    meanwhile();
    const auto keys = [&] { return from.command({"CLUSTER", "GETKEYSINSLOT", slot_, "100"}); };
    for (auto some = keys(); !some.empty(); some = keys()) {
      std::vector<std::string> migrate{
          "MIGRATE", "127.0.0.1", std::to_string(other().port()), "", "0", "5000", "KEYS"};
      migrate.insert(migrate.end(), some.begin(), some.end());
      from.command(migrate);
    }
    to.command({"CLUSTER", "SETSLOT", slot_, "NODE", to_id});
    from.command({"CLUSTER", "SETSLOT", slot_, "NODE", to_id});
    owner_ = 1 - owner_;
  }

  /// At once and without the keys, as after a failover to a replica that had none of them.
  static void give_keys_away() {
    RedisClient from = owner().client();
    RedisClient to = other().client();
    const std::string to_id = to.command({"CLUSTER", "MYID"}).at(0);
    to.command({"CLUSTER", "SETSLOT", slot_, "IMPORTING", from.command({"CLUSTER", "MYID"}).at(0)});
    to.command({"CLUSTER", "SETSLOT", slot_, "NODE", to_id});
    from.command({"MULTI"});
    from.command({"FLUSHALL"});
    from.command({"CLUSTER", "SETSLOT", slot_, "NODE", to_id});
    from.command({"EXEC"});
    owner_ = 1 - owner_;
  }

  void TearDown() override {
    RedisSetupTest::TearDown();
    owner().command({"FLUSHALL"});
  }

 private:
  inline static std::unique_ptr<RedisProcess> servers_[2];
  inline static std::size_t owner_ = 1;
  inline static std::string slot_;
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
    move_keys([this] {
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
    give_keys_away();
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
  move_keys([] {});
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
  wait_for_cluster(other(), "cluster_state:fail");
  EXPECT_LT(connections(client) - before, 200);
  owner().restart();
  wait_until_served_by(owner(), Deadline(20s));
  exchange();
  EXPECT_EQ(lost_of_all(), 0);
  expect_sound(owner(), 2);
}

// The last test here: the replica stays among the nodes that the Cluster knows.
TEST_F(RedisClusterTest, AReplicaThatIsPromotedIsFollowed) {
  const std::unique_ptr<RedisProcess> replica = start_replica();
  start_pair_with(addr(other()), addr(other()));
  const Metronome metronome(1ms);
  const auto exchange_for_a_while = [&] {
    for (int i = 0; i < 150; ++i) {
      exchange();
      metronome.next();
    }
  };
  exchange_for_a_while();
  replica->command({"CLUSTER", "FAILOVER"});
  exchange_for_a_while();
  wait_until_served_by(*replica, Deadline());
  expect_sound(*replica, 2);
  // The former owner is its replica now, and takes over from a dead one.
  replica->kill();
  owner().command({"CLUSTER", "FAILOVER", "TAKEOVER"});
  exchange_for_a_while();
  wait_until_served_by(owner(), Deadline(20s));
  lost_of_all();  // some are, of those that the dead one had taken: none comes twice or out of
                  // order
  expect_sound(owner(), 2);
  expect_silence_of({&alice(), &bob()});
}

}  // namespace
}  // namespace peer::test
