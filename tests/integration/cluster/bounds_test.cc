// What a node keeps while Redis takes nothing.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

/// A proof by silence comes late: only the bounds can hold the node's memory.
constexpr const char* kSlowToDoubt = "beat_ms: 100, lease_ms: 5000, timeout_ms: 1500";
constexpr std::uint64_t kMiB = 1024 * 1024;

class BoundsTest : public PairTest {};

/// Memory that is the process's alone, bytes; smaps_rollup in proc(5).
std::uint64_t private_memory(const ServerProcess& node) {
  std::ifstream file("/proc/" + std::to_string(node.pid()) + "/smaps_rollup");
  std::uint64_t total = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("Private_")) continue;
    total += std::stoull(line.substr(line.find(':') + 1)) * 1024;
  }
  return total;
}

TEST_F(BoundsTest, AStoppedRedisDoesNotGrowTheNodeAndAllIsWholeAfterIt) {
  start_pair(kSlowToDoubt);
  TestPeer carol = peer_in(first(), "local", "carol");
  TestPeer dave = peer_in(first(), "local", "dave");
  expect_news(carol, "peer_joined", dave);
  alice().send_to(bob().fingerprint(), "1");
  EXPECT_EQ(bob().next("signal")["payload"].number(), 1);
  const std::uint64_t before = private_memory(first());
  ASSERT_GT(before, 0U);

  redis().signal(SIGSTOP);
  const std::string payload = '"' + std::string(60'000, 'x') + '"';
  std::uint64_t most = before;
  for (int i = 0; i < 2400; ++i) {  // 137 MiB
    alice().send_to(bob().fingerprint(), payload);
    alice().send("metadata", fmt(R"({"meta":{"turn":"%"}})", i));
    if (i % 100 != 0) continue;
    alice().round_trip();
    carol.send_to(dave.fingerprint(), std::to_string(i));
    EXPECT_EQ(dave.next("signal")["payload"].number(), i);
    most = std::max(most, private_memory(first()));
  }
  EXPECT_LT(most, before + 64 * kMiB);
  EXPECT_GT(broker_stats(first())["dropped"].number(), 0);
  carol.send("leave", R"({"namespace":"local"})");

  redis().signal(SIGCONT);
  wait_for_state(first(), "connected");
  wait_for_state(second(), "connected");
  expect_whole({{"game", {&alice(), &bob()}}, {"local", {&dave}}, {"", {&carol}}});
}

}  // namespace
}  // namespace peer::test
