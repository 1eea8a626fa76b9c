// The load generator against the real server, for what it checks and not for what it measures.
#include "tests/support/dev_certificate.h"
#include "tests/support/free_port.h"
#include "tests/support/run_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

class PeerBenchTest : public ServerTest, public testing::WithParamInterface<const char*> {
 protected:
  static std::vector<std::string> settings() {
    return {"rate_limit_per_sec=100000000", "rate_limit_burst=100000000",
            "send_buffer_size=100000"};
  }
  void expect_no_fault(const std::string& arguments) {
    const ProgramResult run = run_program(
        std::string(PEER_BENCH) + " " + arguments + " --port " + std::to_string(port()) +
        " --quiet --rounds 2 --warmup 0 --seconds 0.4 --patience 20");
    EXPECT_EQ(run.exit_status, 0) << run.output;
    EXPECT_EQ(Json::parse(run.output)["ok"].text(), "true") << run.output;
  }
};

TEST_P(PeerBenchTest, FindsNothingLostOrAltered) {
  start(settings());
  expect_no_fault(GetParam());
}

TEST_F(PeerBenchTest, FindsNothingLostOrAlteredOverTls) {
  const DevCertificate certificate;
  start(certificate.settings(settings()));
  expect_no_fault("--tls signal --pairs 8 --in-flight 16");
  expect_no_fault("--tls signal --pairs 2 --size 60000 --in-flight 4");
  expect_no_fault("--tls churn --peers 8");
}

TEST_F(PeerBenchTest, CountsAllUnitsWhereTheirNumberIsGiven) {
  start(settings());
  const ProgramResult run =
      run_program(std::string(PEER_BENCH) + " signal --pairs 4 --units 100 --quiet --port " +
                  std::to_string(port()));
  EXPECT_EQ(run.exit_status, 0) << run.output;
  const int units = static_cast<int>(Json::parse(run.output)["units"].number());
  // A round of the loop may bring one more for each pair, and each has one under way then.
  EXPECT_GE(units, 100);
  EXPECT_LE(units, 108);
}

TEST_F(PeerBenchTest, AsksTheServerApiBesideTheSignals) {
  const std::uint16_t admin_port = free_port();
  std::vector<std::string> all = settings();
  const std::string token = "an-admin-token-of-32-characters-";
  all.insert(all.end(),
             {fmt("admin_port=%", static_cast<int>(admin_port)), "admin_token=" + token});
  start(std::move(all));
  const ProgramResult run =
      run_program(fmt("% signal --pairs 4 --port % --api-port % --api-token % --quiet --rounds 2 "
                      "--warmup 0 --seconds 2",
                      PEER_BENCH, static_cast<int>(port()), static_cast<int>(admin_port), token));
  EXPECT_EQ(run.exit_status, 0) << run.output;
  const Json report = Json::parse(run.output);
  EXPECT_GT(report["api_answers"].number(), 20);
  EXPECT_EQ(report["api_errors"].number(), 0) << run.output;
  EXPECT_TRUE(report["api_p99_ratio"].exists());
}

INSTANTIATE_TEST_SUITE_P(Modes, PeerBenchTest,
                         testing::Values("signal --pairs 20 --in-flight 16",
                                         "signal --pairs 4 --size 60000", "ping --peers 20",
                                         "broadcast --members 40 --senders 4 --in-flight 4",
                                         "slow --members 20 --stalled 4 --size 3000",
                                         "match --pairs 20", "churn --peers 8",
                                         "hostile --peers 70", "mixed --pairs 20 --members 40",
                                         "idle --peers 200"));

}  // namespace
}  // namespace peer::test
