// A strategy whose answers make no sense: sdk/match_strategy.h.
#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class MatchNonsenseTest : public PluginServerTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    start_plugin("match_strategy", "match_nonsense", fmt("mode: %", GetParam()), {"loops=2"});
    alice_.emplace(peer_in("lobby", "alice"));
    bob_.emplace(peer_in("lobby", "bob"));
    alice_->next("peer_joined");
  }
  void TearDown() override {
    alice_.reset();
    bob_.reset();
    ServerTest::TearDown();
  }
  /// Asks for a match, which must wait; returns the ticket.
  static Json wait_for_match(TestPeer& peer) {
    peer.send("match", R"({"namespace":"lobby"})", R"("id":1)");
    const Json reply = peer.next("match");
    EXPECT_EQ(reply["payload"]["status"].str(), "waiting");
    return reply["payload"]["ticket"];
  }
  static Json cancel(TestPeer& peer) {
    peer.send("match_cancel", R"({"namespace":"lobby"})", R"("id":2)");
    return peer.next("match_cancelled")["payload"]["ticket"];
  }

  std::optional<TestPeer> alice_, bob_;
};

INSTANTIATE_TEST_SUITE_P(Modes, MatchNonsenseTest,
                         testing::Values("duplicate", "unknown", "size", "throw"),
                         [](const auto& param) { return std::string(param.param); });

TEST_P(MatchNonsenseTest, NobodyIsMatchedAndNoTicketIsLost) {
  const Json first = wait_for_match(*alice_);
  const Json second = wait_for_match(*bob_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(wait_for_match(*alice_), first);
    EXPECT_EQ(wait_for_match(*bob_), second);
  }
  expect_silence_of({&*alice_, &*bob_});
  EXPECT_EQ(cancel(*alice_), first);
  EXPECT_EQ(cancel(*bob_), second);
}

TEST_P(MatchNonsenseTest, ATicketStillEndsWithItsTimeOrItsPeer) {
  wait_for_match(*alice_);
  bob_->send("match", R"({"namespace":"lobby","timeout_ms":100})");
  const Json ticket = bob_->next("match")["payload"]["ticket"];
  EXPECT_EQ(bob_->next("match_expired")["payload"]["ticket"], ticket);
  alice_->send("leave", R"({"namespace":"lobby"})");
  bob_->next("peer_left");
  alice_->join("lobby");
  bob_->next("peer_joined");
  alice_->expect_refused(message("match_cancel", R"({"namespace":"lobby"})"), 404,
                         "ticket not found");
}

TEST_P(MatchNonsenseTest, TheLogNamesThePlugin) {
  wait_for_match(*alice_);
  wait_for_match(*bob_);
  EXPECT_THAT(log_at_the_end(), HasSubstr("plugin match_strategy 'nonsense': add_groups: "));
}

class MatchSleepTest : public PluginServerTest {};

TEST_F(MatchSleepTest, AStrategyThatSleepsIsNamedAndItsMatchCounts) {
  start_plugin("match_strategy", "match_nonsense", "mode: sleep");
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  alice.send("match", R"({"namespace":"lobby"})");
  alice.next("match");
  bob.send("match", R"({"namespace":"lobby"})");
  bob.next("matched");
  alice.next("matched");
  expect_silence_of({&alice, &bob});
  EXPECT_THAT(log_at_the_end(),
              testing::ContainsRegex("plugin match_strategy 'nonsense': add_groups: took [0-9]+ "
                                     "ms, budget 100 ms"));
}

}  // namespace
}  // namespace peer::test
