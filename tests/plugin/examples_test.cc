#include <gmock/gmock.h>

#include "tests/plugin/match_queue.h"
#include "tests/plugin/null_host.h"

namespace peer {
namespace {

using namespace sdk;
using testing::ElementsAre;
using testing::IsEmpty;

/// The plugins of sdk/examples, all in one server.
class ExamplesTest : public testing::Test {
 protected:
  static PluginsConfig config() {
    PluginsConfig config;
    config.broker.front().name = "counting";
    config.match_strategy.front().name = "fifo";
    config.room_policy.front().name = "secret";
    config.auth.front().name = "key";
    config.auth.front().options = {{"keys", std::vector<std::string>{"s3cret", "0ther"}}};
    config.dialects.push_back(default_plugin("lines"));
    return config;
  }
  void SetUp() override { ASSERT_THAT(loaded_.mistakes, IsEmpty()); }

  bool granted(std::string_view query) {
    bool granted = false;
    const AuthRequest request{.payload = {},
                              .remote_address = {},
                              .origin = {},
                              .query = query,
                              .headers = {},
                              .response = {},
                              .context = {}};
    loaded_.plugins.auths.front()->authenticate(request, [&](const AuthVerdict& verdict) {
      granted = std::holds_alternative<AuthGrant>(verdict);
    });
    return granted;
  }

  RoomDecision decide(RoomAction action, const Value& fields, std::string_view state) {
    return loaded_.plugins.room_policies.front()->decide(
        {"den", peer_number(1), 20, members_, state},
        {action, peer_number(1), {}, {}, fields, at(0)});
  }

  const Loaded loaded_ = load(config(), kTestPluginDir + "/examples");
  const std::vector<Fingerprint> members_{peer_number(1), peer_number(2)};
};

TEST_F(ExamplesTest, TheKeyOpens) {
  EXPECT_TRUE(granted("key=s3cret"));
  EXPECT_TRUE(granted("key=0ther"));
  EXPECT_FALSE(granted("key=s3cres"));
  EXPECT_FALSE(granted(""));
}

TEST_F(ExamplesTest, AKeyListIsRequired) {
  PluginsConfig without = config();
  without.auth.front().options.clear();
  EXPECT_THAT(load(without, kTestPluginDir + "/examples").mistakes,
              ElementsAre("default: plugins.auth.options.keys: expected a list of at least one "
                          "key"));
}

TEST_F(ExamplesTest, LinesAreSpokenAtTheirPath) {
  EXPECT_EQ(loaded_.plugins.dialects.front()->traits().upgrade_path, "/lines");
}

TEST_F(ExamplesTest, FifoIgnoresCriteria) {
  const auto queue = loaded_.plugins.match_strategies.front()->make_queue();
  add_ticket(*queue, 1, 2, "ranked");
  add_ticket(*queue, 2, 2, "casual");
  EXPECT_THAT(form_groups(*queue), ElementsAre(ElementsAre(1, 2)));
}

TEST_F(ExamplesTest, TheSecretOpensTheRoom) {
  const Value right{Value::Object{{"secret", {std::string("xyzzy")}}}};
  const Value wrong{Value::Object{{"secret", {std::string("plugh")}}}};
  const Value none{Value::Object{}};
  EXPECT_EQ(decide(RoomAction::kCreate, right, "").state, "xyzzy");
  EXPECT_FALSE(decide(RoomAction::kJoin, right, "xyzzy").refusal);
  EXPECT_TRUE(decide(RoomAction::kJoin, wrong, "xyzzy").refusal);
  EXPECT_TRUE(decide(RoomAction::kJoin, none, "xyzzy").refusal);
}

TEST_F(ExamplesTest, TheSecretRoomsOwnerIsSucceeded) {
  EXPECT_EQ(decide(RoomAction::kLeave, {}, "xyzzy").owner, peer_number(2));
}

TEST_F(ExamplesTest, TheCountingBrokerTellsAtItsEnd) {
  test::NullHost host;
  Broker& broker = *loaded_.plugins.broker;
  broker.start(host);
  std::vector<RouteOutcome> outcomes;
  broker.route({peer_number(1), peer_number(2), {}, "{}"},
               [&](RouteOutcome outcome) { outcomes.push_back(outcome); });
  EXPECT_THAT(outcomes, testing::ElementsAre(RouteOutcome::kNotFound));
  broker.stop();
  EXPECT_EQ(host.warning, "1 messages went to unknown peers");
}

}  // namespace
}  // namespace peer
