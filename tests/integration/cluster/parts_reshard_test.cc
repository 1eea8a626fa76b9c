// What the nodes share in 64 parts, on three masters of a Redis Cluster, of which one gives its
// slots away by redis-cli, many at once and all with data.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/metronome.h"
#include "tests/integration/cluster/redis_cluster.h"
#include "tests/support/test_thread.h"

namespace peer::test {
namespace {

using testing::Ge;
using testing::SizeIs;

constexpr std::size_t kManyParts = 64;
constexpr std::size_t kNodes = 3;
constexpr std::size_t kPeers = 9;
constexpr std::size_t kSpaces = 24;
/// No node is taken for dead, however long something takes.
constexpr const char* kPatient = "beat_ms: 1000, lease_ms: 60000, timeout_ms: 1500";

/// A peer, and the last number of each other one by each way: directly, or in a namespace.
struct Crier {
  std::unique_ptr<TestPeer> peer;
  std::map<std::pair<std::string, std::string>, int> last{};
  std::size_t heard = 0;

  void take(const Json& message) {
    const bool is_signal = message["type"].str() == "signal";
    ASSERT_TRUE(is_signal || message["type"].str() == "broadcast") << peer->last_text();
    const Json payload = message["payload"];
    const int number = static_cast<int>((is_signal ? payload : payload["data"]).number());
    int& before = last[{message["from"].str(), is_signal ? "" : message["namespace"].str()}];
    EXPECT_GT(number, before) << peer->last_text();
    before = number;
    ++heard;
  }
};

class PartsReshardTest : public ClusterTest {
 protected:
  void SetUp() override {
    if (std::getenv("PEER_PARTS_ROUNDS") == nullptr) GTEST_SKIP() << "tools/nightly parts";
    cluster_ = std::make_unique<RedisCluster>(3, kManyParts, RedisCluster::OtherSlots::kAtTheFirst);
    for (std::size_t i = 0; i < kNodes; ++i) {
      nodes_.push_back(&start_node_with(
          fmt(R"(plugins: {broker: {name: redis, options: {addr: "%", parts: %, %, %}}})",
              cluster_->addresses(), kManyParts, "legacy_channels: false", kPatient),
          {"rate_limit_per_sec=1000000", "rate_limit_burst=1000000", "send_buffer_size=10000",
           "ping_interval=10m"}));
    }
    wait_until_whole();
    for (std::size_t i = 0; i < kPeers; ++i) {
      criers_.push_back({std::make_unique<TestPeer>(peer(*nodes_[i % kNodes], fmt("peer-%", i)))});
      for (std::size_t space = 0; space < kSpaces; ++space) {
        criers_[i].peer->join(space_name(space));
        for (std::size_t before = 0; before < i; ++before) {
          expect_news(*criers_[before].peer, "peer_joined", *criers_[i].peer);
        }
      }
    }
  }
  void TearDown() override {
    criers_.clear();
    ClusterTest::TearDown();
  }
  std::vector<RedisClient> stores() override { return cluster_->masters(); }
  RedisCluster& cluster() { return *cluster_; }

  static std::string space_name(std::size_t number) { return fmt("space-%", number); }
  void wait_until_whole() {
    for (ServerProcess* node : nodes_) {
      wait_for_state(*node, "connected", Deadline(20s));
      wait_for_nodes(*node, kNodes);
    }
  }
  /// Each says a number to the next one, and in one of the namespaces.
  void exchange(std::size_t space) {
    ++number_;
    for (std::size_t i = 0; i < kPeers; ++i) {
      TestPeer& from = *criers_[i].peer;
      from.send_to(criers_[(i + 1) % kPeers].peer->fingerprint(), std::to_string(number_));
      from.send("broadcast", fmt(R"({"namespace":"%","data":%})", space_name(space), number_));
    }
    due_ += kPeers * kPeers;
  }
  void read_what_is_there() {
    for (Crier& crier : criers_) {
      crier.peer->send("ping", "");
      for (Json message = crier.peer->next(); message["type"].str() != "pong";
           message = crier.peer->next()) {
        crier.take(message);
      }
    }
  }
  void exchange_until_end_of(const TestThread& other) {
    const Metronome metronome(2ms);
    for (std::size_t i = 0; i == 0 || !other.has_ended(); ++i) {
      exchange(i % kSpaces);
      if (i % 5 == 0) read_what_is_there();
      metronome.next();
    }
  }
  /// The last numbers arrive by each way. Returns how many of all are lost.
  std::size_t lost_of_all() {
    wait_until_nothing_waits();
    for (std::size_t space = 0; space < kSpaces; ++space) {
      exchange(space);
      // One after the other: what waits too long for an earlier one by another part is dropped.
      for (std::size_t i = 0; i < kPeers; ++i) {
        while (!has_the_last(criers_[i], i, space_name(space))) {
          criers_[i].take(criers_[i].peer->next());
        }
      }
    }
    std::size_t heard = 0;
    for (const Crier& crier : criers_) heard += crier.heard;
    return due_ - heard;
  }
  /// From each other one in that namespace, and from the one before it directly.
  bool has_the_last(Crier& crier, std::size_t index, const std::string& space) {
    const std::string before = criers_[(index + kPeers - 1) % kPeers].peer->fingerprint();
    return crier.last[{before, ""}] == number_ &&
           std::all_of(criers_.begin(), criers_.end(), [&](const Crier& other) {
             return &other == &crier || crier.last[{other.peer->fingerprint(), space}] == number_;
           });
  }
  std::size_t dropped() {
    long long all = 0;
    for (ServerProcess* node : nodes_) all += broker_stats(*node)["dropped"].number();
    return static_cast<std::size_t>(all);
  }
  std::size_t due() const { return due_; }

  /// By which number of its attempt each node is linked to each part.
  std::vector<std::map<std::string, int>> links() {
    std::vector<std::map<std::string, int>> found(kManyParts);
    for (std::size_t part = 0; part < kManyParts; ++part) {
      const auto fields = cluster_->server(cluster_->owner_of(part))
                              .command({"HGETALL", fmt("peer:{%}:links", part)});
      for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        found[part][fields[i]] = std::stoi(fields[i + 1]);
      }
    }
    return found;
  }
  void expect_all_to_be_whole() {
    std::vector<const TestPeer*> all;
    for (const Crier& crier : criers_) all.push_back(crier.peer.get());
    std::vector<Members> spaces;
    for (std::size_t space = 0; space < kSpaces; ++space) {
      spaces.push_back({space_name(space), all});
    }
    expect_whole(spaces);
    for (const Crier& crier : criers_) crier.peer->expect_silence();
  }

 private:
  void wait_until_nothing_waits() {
    for (ServerProcess* node : nodes_) {
      const Deadline deadline;
      for (Json stats = broker_stats(*node); stats["queued_bytes"].number() != 0;
           stats = broker_stats(*node)) {
        ASSERT_FALSE(deadline.passed()) << stats.text();
      }
    }
  }

  std::unique_ptr<RedisCluster> cluster_;
  std::vector<ServerProcess*> nodes_;
  std::vector<Crier> criers_;
  int number_ = 0;
  std::size_t due_ = 0;
};

TEST_F(PartsReshardTest, SlotsThatMoveUnderLoadCostTheirOwnPartsAloneAndNoLossIsUncounted) {
  constexpr std::size_t kFrom = 2;
  constexpr std::size_t kTo = 1;
  const std::vector<std::size_t> moving = cluster().parts_of(kFrom);
  ASSERT_THAT(moving, SizeIs(Ge(20U)));
  const auto before = links();
  TestThread redis_cli([&] { cluster().reshard(kFrom, kTo, moving.size() - 1); });
  exchange_until_end_of(redis_cli);
  ASSERT_FALSE(HasFailure());
  wait_until_whole();
  const std::size_t lost = lost_of_all();
  std::cout << due() << " messages, " << lost << " lost, " << dropped() << " counted\n";
  EXPECT_LE(lost, dropped());
  expect_all_to_be_whole();
  EXPECT_THAT(cluster().parts_of(kFrom), SizeIs(1));
  const auto now = links();
  for (std::size_t part = 0; part < kManyParts; ++part) {
    EXPECT_THAT(now[part], SizeIs(kNodes));
    const bool has_moved = std::find(moving.begin(), moving.end(), part) != moving.end() &&
                           cluster().owner_of(part) == kTo;
    for (const auto& [node, link] : before[part]) {
      if (has_moved) {
        EXPECT_GT(now[part].at(node), link) << "part " << part;
      } else {
        EXPECT_EQ(now[part].at(node), link) << "part " << part;
      }
    }
  }
}

}  // namespace
}  // namespace peer::test
