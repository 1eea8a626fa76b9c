#include <gtest/gtest.h>

#include <string>

#include "tests/support/run_program.h"
#include "tests/unit/tools/faulty_relay.h"
#include "tools/peer-bench/server_message.h"

// The checks of peer-bench, checked: the program runs against a relay that does one thing wrong.
namespace peer::bench {
namespace {

std::string field(const std::string& report, std::string_view name) {
  return std::string(member(report, name));
}

test::ProgramResult run_peer_bench(const FaultyRelay& relay, const std::string& arguments) {
  return test::run_program(std::string(PEER_BENCH) + " " + arguments + " --port " +
                           std::to_string(relay.port()) +
                           " --quiet --rounds 1 --warmup 0 --seconds 0.05 --patience 0.5");
}

// At least ten deliveries are under way from the first moment on, four from one to another.
constexpr const char* kSignal = "signal --pairs 4 --in-flight 4";
constexpr const char* kBroadcast = "broadcast --members 5 --senders 2 --in-flight 4";
constexpr const char* kSlow = "slow --members 5 --senders 2 --in-flight 4 --stalled 2";
constexpr const char* kPing = "ping --peers 12";
constexpr const char* kMatch = "match --pairs 8";

struct Case {
  const char* arguments;
  Misdeed misdeed;
  const char* fault;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.arguments << ": " << test.fault; }

class Misdeeds : public testing::TestWithParam<Case> {};

TEST_P(Misdeeds, FailTheRunAndAreNamed) {
  FaultyRelay relay(GetParam().misdeed);
  const auto [exit_status, report] = run_peer_bench(relay, GetParam().arguments);
  EXPECT_EQ(exit_status, 1) << report;
  EXPECT_EQ(field(report, "ok"), "false");
  const std::string prefix = "\"" + std::string(GetParam().fault) + ":";
  EXPECT_TRUE(field(report, "first_fault").starts_with(prefix)) << report;
}

INSTANTIATE_TEST_SUITE_P(Signal, Misdeeds,
                         testing::Values(Case{kSignal, Misdeed::kDrop, "lost"},
                                         Case{kSignal, Misdeed::kDouble, "duplicated"},
                                         Case{kSignal, Misdeed::kAlter, "altered"},
                                         Case{kSignal, Misdeed::kWrongSender, "wrong_sender"},
                                         Case{kSignal, Misdeed::kMisroute, "misrouted"},
                                         Case{kSignal, Misdeed::kReorder, "reordered"},
                                         Case{kSignal, Misdeed::kError, "error_reply"},
                                         Case{kSignal, Misdeed::kDisconnect, "disconnected"}));

INSTANTIATE_TEST_SUITE_P(Broadcast, Misdeeds,
                         testing::Values(Case{kBroadcast, Misdeed::kDrop, "lost"},
                                         Case{kBroadcast, Misdeed::kDouble, "duplicated"},
                                         Case{kBroadcast, Misdeed::kAlter, "altered"},
                                         Case{kBroadcast, Misdeed::kWrongSender, "wrong_sender"},
                                         Case{kBroadcast, Misdeed::kMisroute, "misrouted"},
                                         Case{kBroadcast, Misdeed::kReorder, "reordered"},
                                         Case{kBroadcast, Misdeed::kDisconnect, "disconnected"},
                                         Case{kSlow, Misdeed::kDrop, "lost"},
                                         Case{kSlow, Misdeed::kAlter, "altered"}));

INSTANTIATE_TEST_SUITE_P(PingAndMatch, Misdeeds,
                         testing::Values(Case{kPing, Misdeed::kDrop, "lost"},
                                         Case{kPing, Misdeed::kDouble, "duplicated"},
                                         Case{kPing, Misdeed::kError, "error_reply"},
                                         Case{"idle --peers 20", Misdeed::kDrop, "lost"},
                                         Case{kMatch, Misdeed::kDrop, "lost"},
                                         Case{kMatch, Misdeed::kDouble, "duplicated"},
                                         Case{kMatch, Misdeed::kAlter, "altered"}));

class GoodRelay : public testing::TestWithParam<const char*> {};

TEST_P(GoodRelay, PassesTheRun) {
  FaultyRelay relay(Misdeed::kNone);
  const auto [exit_status, report] = run_peer_bench(relay, GetParam());
  EXPECT_EQ(exit_status, 0) << report;
  EXPECT_EQ(field(report, "ok"), "true");
  EXPECT_EQ(field(report, "first_fault"), "");
}

INSTANTIATE_TEST_SUITE_P(AllModes, GoodRelay,
                         testing::Values(kSignal, kBroadcast, kSlow, kPing, kMatch,
                                         "idle --peers 25", "churn --peers 4",
                                         "signal --pairs 2 --size 3000 --with-floor",
                                         "floor --pairs 2 --in-flight 4"));

TEST(PeerBench, FailsWithoutAServer) {
  std::uint16_t port = 0;
  { port = FaultyRelay(Misdeed::kNone).port(); }
  EXPECT_EQ(test::run_program(std::string(PEER_BENCH) + " ping --patience 1 --port " +
                              std::to_string(port) + " 2>/dev/null")
                .exit_status,
            1);
}

}  // namespace
}  // namespace peer::bench
