#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/shared_records.h"

namespace peer::test {

/// Two nodes on several servers of Redis, with one member of "game" each, and traffic both ways.
class RedisSetupTest : public ClusterTest {
 protected:
  /// `first`, `second`: the options by which each finds Redis.
  void start_pair_with(std::string_view first, std::string_view second) {
    first_ = &start_with_options(first);
    second_ = &start_with_options(second);
    wait_for_state(*first_, "connected");
    wait_for_state(*second_, "connected");
    wait_for_nodes(*first_, 2);
    wait_for_nodes(*second_, 2);
    alice_ = std::make_unique<TestPeer>(peer_in(*first_, "game", "alice"));
    bob_ = std::make_unique<TestPeer>(peer_in(*second_, "game", "bob"));
    expect_news(*alice_, "peer_joined", *bob_);
  }
  ServerProcess& start_with_options(std::string_view options) {
    return start_node_with(
        fmt("plugins: {broker: {name: redis, options: {%, %}}}", options, kQuick),
        {"rate_limit_per_sec=1000000", "rate_limit_burst=1000000"});
  }
  ServerProcess& first() { return *first_; }
  ServerProcess& second() { return *second_; }
  TestPeer& alice() { return *alice_; }
  TestPeer& bob() { return *bob_; }

  /// The next number goes from alice to bob, and from bob to alice.
  void exchange() {
    ++sent_;
    alice().send_to(bob().fingerprint(), std::to_string(sent_));
    bob().send_to(alice().fingerprint(), std::to_string(sent_));
  }
  /// A last pair of numbers arrives, and before it numbers that rise: nothing twice, nothing out of
  /// order. Returns how many of all are lost.
  int lost_of_all() {
    exchange();
    int arrived = 0;
    for (TestPeer* peer : {&alice(), &bob()}) {
      for (int last = 0; last < sent_; ++arrived) {
        const int number = static_cast<int>(peer->next("signal")["payload"].number());
        EXPECT_GT(number, last) << peer->last_text();
        last = number;
      }
    }
    return 2 * sent_ - arrived;
  }

  static std::size_t listeners(RedisClient& client) {
    return client.command({"PUBSUB", "CHANNELS", "peer:n:*"}).size();
  }
  /// Both nodes listen to this server, and what they share is whole there.
  void wait_until_served_by(RedisProcess& server, Deadline deadline) {
    RedisClient client = server.client();
    while (listeners(client) != 2) ASSERT_FALSE(deadline.passed()) << first().output();
    wait_for_state(first(), "connected", deadline);
    wait_for_state(second(), "connected", deadline);
  }
  static void expect_sound(RedisProcess& server, int members) {
    RedisClient client = server.client();
    const Deadline deadline;
    while (client.command({"HLEN", "peer:{0}:sm:game"}).at(0) != std::to_string(members)) {
      ASSERT_FALSE(deadline.passed());
    }
    std::vector<std::string> wrong = contradictions(read_parts(client));
    while (!wrong.empty() && !deadline.passed()) {
      wrong = contradictions(read_parts(client));
    }
    EXPECT_THAT(wrong, testing::ElementsAre());
  }

  void TearDown() override {
    alice_.reset();
    bob_.reset();
    ClusterTest::TearDown();
  }

 private:
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
  std::unique_ptr<TestPeer> alice_;
  std::unique_ptr<TestPeer> bob_;
  int sent_ = 0;
};

}  // namespace peer::test
