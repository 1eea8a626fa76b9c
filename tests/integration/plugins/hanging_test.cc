// A plugin that never comes back does not hold the process that wants to end.
#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class HangingTest : public PluginServerTest {
 protected:
  void start_hanging(std::string_view where, std::string_view shutdown_timeout) {
    start_plugin("broker", "broker_hanging", fmt("hangs_in: %", where),
                 {fmt("shutdown_timeout=%", shutdown_timeout)});
  }
};

TEST_F(HangingTest, ABrokerThatDoesNotStopIsNamedAndLeft) {
  start_hanging("stop", "400ms");
  TestPeer alice = peer("alice");
  server().signal(SIGTERM);
  alice.ws().expect_close(1001);
  expect_exit(0);
  EXPECT_THAT(
      server().output(),
      HasSubstr("Error: shutdown_timeout is over: exiting without waiting for plugin broker "
                "'hanging': stop"));
}

TEST_F(HangingTest, ADestructorThatHangsIsNamedAndLeft) {
  start_hanging("destructor", "400ms");
  server().signal(SIGTERM);
  expect_exit(0);
  EXPECT_THAT(server().output(),
              HasSubstr("without waiting for plugin broker 'hanging': destructor"));
}

TEST_F(HangingTest, ASecondSignalDoesNotWaitForADestructor) {
  start_hanging("destructor", "1h");
  TestPeer alice = peer("alice");
  server().signal(SIGTERM);
  alice.ws().expect_close(1001);
  server().signal(SIGTERM);
  expect_exit(0);
}

TEST_F(HangingTest, AStartThatHangsCanBeStopped) {
  ServerProcess process(
      {.settings = {"shutdown_timeout=400ms", "log_level=debug"},
       .config = "plugins:\n" + test_plugin("broker", "broker_hanging", "hangs_in: start")});
  process.wait_for_output("allowed_origins is empty");
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait_exit(), std::optional(0)) << process.output();
}

}  // namespace
}  // namespace peer::test
