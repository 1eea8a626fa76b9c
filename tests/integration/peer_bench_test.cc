// The load generator against the real server, for what it checks and not for what it measures.
#include <array>
#include <cstdio>

#include "tests/support/server_test.h"

namespace peer::test {
namespace {

class PeerBenchTest : public ServerTest, public testing::WithParamInterface<const char*> {};

TEST_P(PeerBenchTest, FindsNothingLostOrAltered) {
  start_with({.settings = {"rate_limit_per_sec=100000000", "rate_limit_burst=100000000",
                           "send_buffer_size=100000"}});
  const std::string command = std::string(PEER_BENCH) + " " + GetParam() + " --port " +
                              std::to_string(port()) +
                              " --quiet --rounds 2 --warmup 0 --seconds 0.4 --patience 20";
  FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string report;
  std::array<char, 4096> piece;
  while (std::fgets(piece.data(), piece.size(), pipe) != nullptr) report += piece.data();
  EXPECT_EQ(::pclose(pipe), 0) << report;
  EXPECT_EQ(Json::parse(report)["ok"].text(), "true") << report;
}

INSTANTIATE_TEST_SUITE_P(Modes, PeerBenchTest,
                         testing::Values("signal --pairs 20 --in-flight 16",
                                         "signal --pairs 4 --size 60000", "ping --peers 20",
                                         "broadcast --members 40 --senders 4 --in-flight 4",
                                         "slow --members 20 --stalled 4 --size 3000",
                                         "match --pairs 20", "churn --peers 8",
                                         "idle --peers 200"));

}  // namespace
}  // namespace peer::test
