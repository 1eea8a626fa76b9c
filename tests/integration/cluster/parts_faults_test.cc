// What the nodes share in three parts, on the three masters of a Redis Cluster, of which one dies,
// a slot moves, or a replica takes over. PEER_PARTS_ROUNDS is how often; a night runs 20.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "part_choice.h"
#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/metronome.h"
#include "tests/integration/cluster/redis_cluster.h"
#include "tests/integration/cluster/shared_records.h"

namespace peer::test {
namespace {

constexpr std::size_t kParts = 3;
/// No node is taken for dead, however long something takes.
constexpr const char* kPatientLease = "beat_ms: 100, lease_ms: 20000, timeout_ms: 1500";
constexpr std::size_t kWithReplica = 1;  ///< its master has one

std::size_t home_of(std::string_view name) {
  return peer_redis::part_of_peer(*peer_broker_kit::from_hex(fingerprint_of(name)), kParts);
}

/// A name of somebody whose own part is this one.
std::string name_at_home_in(std::size_t part, std::string_view name) {
  std::string found(name);
  for (int i = 0; home_of(found) != part; ++i) found = fmt("%-%", name, i);
  return found;
}

/// Two nodes, with alice and bob, whose own parts are the first and the second one. One Cluster for
/// all tests here, since a new one takes seconds: each test leaves every part at a master that
/// lives.
class PartsFaultsTest : public ClusterTest {
 protected:
  static void SetUpTestSuite() {
    cluster_ = std::make_unique<RedisCluster>(3, kParts);
    cluster_->add_replica(cluster_->owner_of(kWithReplica));
  }
  static void TearDownTestSuite() { cluster_.reset(); }
  static RedisCluster& cluster() { return *cluster_; }
  static RedisProcess& master_of(std::size_t part) {
    return cluster_->server(cluster_->owner_of(part));
  }
  static int rounds() {
    const char* given = std::getenv("PEER_PARTS_ROUNDS");
    return given == nullptr ? 1 : std::stoi(given);
  }

  void SetUp() override {
    first_ = &start();
    second_ = &start();
    wait_until_whole();
    find_spaces();
    alice_ = std::make_unique<TestPeer>(peer_in_all(first(), name_at_home_in(0, "alice")));
    bob_ = std::make_unique<TestPeer>(peer_in_all(second(), name_at_home_in(1, "bob")));
    expect_news_of_each_part(alice(), "peer_joined", bob());
  }
  void TearDown() override {
    alice_.reset();
    bob_.reset();
    ClusterTest::TearDown();
    for (RedisClient& master : cluster().masters()) master.command({"FLUSHALL"});
  }
  std::vector<RedisClient> stores() override { return cluster().masters(); }

  ServerProcess& start() {
    return start_node_with(
        fmt(R"(plugins: {broker: {name: redis, options: {addr: "%", parts: %, %, %}}})",
            cluster().addresses(), kParts, "legacy_channels: false", kPatientLease),
        {"rate_limit_per_sec=1000000", "rate_limit_burst=1000000", "send_buffer_size=1000"});
  }
  void wait_until_whole() {
    for (ServerProcess* node : {first_, second_}) {
      wait_for_state(*node, "connected", Deadline(20s));
      wait_for_nodes(*node, 2);
    }
  }
  /// Where each name is, the keys of who has joined it say.
  void find_spaces() {
    TestPeer scout = peer(first(), "scout");
    std::set<std::size_t> found;
    for (int i = 0; found.size() < kParts; ++i) {
      const std::string ns = fmt("space-%", i);
      scout.join(ns);
      std::vector<RedisClient> servers = stores();
      const std::vector<SharedRecords> parts = read_parts(servers);
      for (std::size_t part = 0; part < parts.size(); ++part) {
        if (parts[part].members.contains(ns)) spaces_.at(part) = ns, found.insert(part);
      }
    }
    scout.close();
    expect_whole({});
  }
  const std::string& space(std::size_t part) { return spaces_.at(part); }
  TestPeer peer_in_all(ServerProcess& node, std::string_view name) {
    TestPeer result = peer(node, name);
    for (const std::string& ns : spaces_) result.join(ns);
    return result;
  }
  static void expect_news_of_each_part(TestPeer& witness, std::string_view type,
                                       const TestPeer& peer) {
    for (std::size_t i = 0; i < kParts; ++i) expect_news(witness, type, peer);
  }
  void expect_all_in_all(const std::vector<const TestPeer*>& peers) {
    expect_whole({{space(0), peers}, {space(1), peers}, {space(2), peers}});
  }
  static void broadcast(TestPeer& peer, const std::string& ns, int number) {
    peer.send("broadcast", fmt(R"({"namespace":"%","data":%})", ns, number));
  }
  ServerProcess& first() { return *first_; }
  ServerProcess& second() { return *second_; }
  TestPeer& alice() { return *alice_; }
  TestPeer& bob() { return *bob_; }

  /// Each says the next number to the other, directly and by a broadcast in each part.
  void exchange() {
    ++sent_;
    for (TestPeer* from : {&alice(), &bob()}) {
      TestPeer& to = from == &alice() ? bob() : alice();
      from->send_to(to.fingerprint(), std::to_string(sent_));
      for (const std::string& ns : spaces_) broadcast(*from, ns, sent_);
    }
  }
  void exchange_for_a_while() {
    const Metronome metronome(1ms);
    for (int i = 0; i < 100; ++i) {
      exchange();
      if (i % 10 == 0) read_what_is_there();
      metronome.next();
    }
  }
  /// The last number arrives by each way, and before it numbers that rise: nothing twice, nothing
  /// out of order. Returns how many are lost.
  int lost_of_all() {
    wait_until_nothing_waits();
    exchange();
    for (TestPeer* peer : {&alice(), &bob()}) {
      Heard& heard = heard_[peer];
      const auto has_all = [&] {
        return heard.last.size() == 1 + kParts &&
               std::all_of(heard.last.begin(), heard.last.end(),
                           [this](const auto& way) { return way.second == sent_; });
      };
      while (!has_all()) heard.take(peer->next(), *peer);
    }
    return 2 * static_cast<int>(1 + kParts) * sent_ - heard_[&alice()].count - heard_[&bob()].count;
  }
  int dropped() {
    return static_cast<int>(broker_stats(first())["dropped"].number() +
                            broker_stats(second())["dropped"].number());
  }

 private:
  /// What has come to a peer.
  struct Heard {
    void take(const Json& message, const TestPeer& peer) {
      const bool is_signal = message["type"].str() == "signal";
      ASSERT_TRUE(is_signal || message["type"].str() == "broadcast") << peer.last_text();
      const Json payload = message["payload"];
      const int number = static_cast<int>((is_signal ? payload : payload["data"]).number());
      int& before = last[is_signal ? "" : payload["namespace"].str()];
      EXPECT_GT(number, before) << peer.last_text();
      before = number;
      ++count;
    }
    std::map<std::string, int> last;  ///< the last number by each way
    int count = 0;
  };

  /// What waits for another way of its sender is lost after 2 s, and so would be what is last.
  void wait_until_nothing_waits() {
    for (ServerProcess* node : {first_, second_}) {
      const Deadline deadline;
      for (Json stats = broker_stats(*node); stats["queued_bytes"].number() != 0;
           stats = broker_stats(*node)) {
        ASSERT_FALSE(deadline.passed()) << stats.text();
      }
    }
  }
  void read_what_is_there() {
    for (TestPeer* peer : {&alice(), &bob()}) {
      peer->send("ping", "");
      for (Json message = peer->next(); message["type"].str() != "pong"; message = peer->next()) {
        heard_[peer].take(message, *peer);
      }
    }
  }

  inline static std::unique_ptr<RedisCluster> cluster_;
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
  std::array<std::string, kParts> spaces_;  ///< a namespace of each part
  std::unique_ptr<TestPeer> alice_;
  std::unique_ptr<TestPeer> bob_;
  int sent_ = 0;
  std::map<const TestPeer*, Heard> heard_;
};

TEST_F(PartsFaultsTest, EachMasterHasItsPartAlone) {
  std::vector<RedisClient> servers = stores();
  ASSERT_EQ(servers.size(), kParts);
  for (RedisClient& server : servers) {
    std::set<std::string> prefixes;
    for (const std::string& key : server.command({"KEYS", "*"})) prefixes.insert(key.substr(0, 8));
    EXPECT_EQ(prefixes.size(), 1) << testing::PrintToString(prefixes);
  }
  for (int i = 0; i < 20; ++i) exchange();
  EXPECT_EQ(lost_of_all(), 0);
  EXPECT_EQ(dropped(), 0);
  expect_all_in_all({&alice(), &bob()});
  expect_silence_of({&alice(), &bob()});
}

TEST_F(PartsFaultsTest, AMasterThatDiesCostsWhatIsInItsPartAlone) {
  constexpr std::size_t kDead = 1;  // where bob is at home
  master_of(kDead).kill();
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  // Who is at home elsewhere is reached, in namespaces and directly. Who is at home there comes in.
  TestPeer carol = peer(second(), name_at_home_in(2, "carol"));
  TestPeer dave = peer(second(), name_at_home_in(kDead, "dave"));
  for (TestPeer* comer : {&carol, &dave}) {
    for (const std::size_t part : {0, 2}) {
      comer->join(space(part));
      expect_news(alice(), "peer_joined", *comer);
    }
    comer->join(space(kDead));  // by its node alone
    comer->send_to(alice().fingerprint(), "1");
    EXPECT_EQ(alice().next("signal")["payload"].number(), 1);
    broadcast(*comer, space(2), 2);
    EXPECT_EQ(alice().next("broadcast")["payload"]["data"].number(), 2);
  }
  // Who is at home there is not reached, and of nobody there it is said that it does not exist.
  const auto ask_for = [this](const std::string& fingerprint) {
    alice().send("signal", "3", fmt(R"("to":"%","id":3)", fingerprint));
  };
  ask_for(bob().fingerprint());
  alice().expect_error(503, "cluster unavailable");
  ask_for(fingerprint_of(name_at_home_in(kDead, "nobody")));
  alice().expect_error(503, "cluster unavailable");
  ask_for(fingerprint_of(name_at_home_in(2, "nobody")));
  alice().expect_error(404, "peer not found");

  master_of(kDead).restart();  // with nothing
  wait_until_whole();
  expect_news_of(alice(), "peer_joined", {&carol, &dave});
  expect_all_in_all({&alice(), &bob(), &carol, &dave});
}

TEST_F(PartsFaultsTest, WhenAMasterDiesUnderLoadNothingComesTwice) {
  for (int round = 0; round < rounds(); ++round) {
    RedisProcess& master = master_of(static_cast<std::size_t>(round) % kParts);
    exchange_for_a_while();
    master.kill();
    exchange_for_a_while();
    master.restart();
    exchange_for_a_while();
    wait_until_whole();
  }
  lost_of_all();  // some are, as ever when Redis loses all: none comes twice or out of order
  expect_all_in_all({&alice(), &bob()});
  expect_silence_of({&alice(), &bob()});
}

TEST_F(PartsFaultsTest, WhenASlotMovesNothingComesTwiceAndNoLossIsUncounted) {
  for (int round = 0; round < rounds(); ++round) {
    const auto part = static_cast<std::size_t>(round) % kParts;
    const std::size_t before = cluster().owner_of(part);
    for (const std::size_t to : {cluster().owner_of((part + 1) % kParts), before}) {
      cluster().move(part, to, [this] { exchange_for_a_while(); });
      exchange_for_a_while();
      wait_until_whole();
    }
  }
  EXPECT_LE(lost_of_all(), dropped());
  expect_all_in_all({&alice(), &bob()});
  expect_silence_of({&alice(), &bob()});
}

TEST_F(PartsFaultsTest, AReplicaThatIsPromotedIsFollowed) {
  for (int round = 0; round < rounds(); ++round) {
    const std::size_t before = cluster().owner_of(kWithReplica);
    cluster().promote(cluster().replica_of(before));
    exchange_for_a_while();
    wait_until_whole();
    // And once more, from one that is dead.
    RedisProcess& dead = master_of(kWithReplica);
    dead.kill();
    cluster().promote(before, RedisCluster::Promotion::kByForce);
    exchange_for_a_while();
    wait_until_whole();
    dead.restart();
    cluster().wait_until_replicated(cluster().replica_of(before));
  }
  lost_of_all();  // some are, of those that the dead one had taken
  expect_all_in_all({&alice(), &bob()});
  expect_silence_of({&alice(), &bob()});
}

}  // namespace
}  // namespace peer::test
