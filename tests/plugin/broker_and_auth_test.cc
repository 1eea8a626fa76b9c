#include <gmock/gmock.h>

#include "tests/plugin/loading.h"

namespace peer {
namespace {

using namespace sdk;

TEST(BrokerLocalTest, IsAllThereIs) {
  const Loaded loaded = load({});
  EXPECT_TRUE(loaded.plugins.broker->standalone());
  EXPECT_EQ(loaded.plugins.broker->status().state, BrokerStatus::State::kStandalone);
  EXPECT_TRUE(loaded.plugins.broker->status().ready);
}

TEST(BrokerLocalTest, AnswersDuringTheCallThatTheNodesOwnTruthCounts) {
  const Loaded loaded = load({});
  Broker& broker = *loaded.plugins.broker;
  const Registered ann{peer_number(1), 1};
  int answers = 0;
  broker.register_peer(
      ann, "ann", [&](const RegisterOutcome& outcome) { answers += outcome.alias_taken ? 0 : 1; });
  const std::string_view alias = "bob";
  broker.resolve({&alias, 1}, [&](const ResolveOutcome& outcome) {
    answers += outcome.known && outcome.holders == std::vector{std::optional<Fingerprint>()};
  });
  broker.join({"lobby", ann, "{}", 10, 50}, [&](const JoinOutcome& outcome) {
    answers += outcome.status == JoinStatus::kUnavailable;
  });
  broker.list("lobby", std::nullopt, 50,
              [&](const std::optional<MemberPage>& page) { answers += !page; });
  broker.read_room("den", [&](const RoomReading& reading) { answers += !reading.known; });
  broker.commit_room("den", {}, [&](const CommitOutcome& outcome) {
    answers += outcome.status == CommitStatus::kUnavailable;
  });
  EXPECT_EQ(answers, 6);
}

TEST(BrokerLocalTest, KnowsNobodyElsewhere) {
  const Loaded loaded = load({});
  std::vector<RouteOutcome> outcomes;
  loaded.plugins.broker->route({peer_number(1), peer_number(2), {}, "{}"},
                               [&](RouteOutcome outcome) { outcomes.push_back(outcome); });
  EXPECT_THAT(outcomes, testing::ElementsAre(RouteOutcome::kNotFound));
  EXPECT_EQ(loaded.plugins.broker->broadcast({"lobby", peer_number(1), {}, "{}"}), 0u);
}

TEST(AuthOpenTest, GrantsEverythingDuringTheCall) {
  const Loaded loaded = load({});
  std::vector<AuthVerdict> verdicts;
  loaded.plugins.auths.front()->authenticate(
      {}, [&](AuthVerdict verdict) { verdicts.push_back(std::move(verdict)); });
  ASSERT_EQ(verdicts.size(), 1u);
  const AuthGrant* grant = std::get_if<AuthGrant>(&verdicts[0]);
  ASSERT_NE(grant, nullptr);
  EXPECT_FALSE(grant->identity || grant->alias || grant->expires || grant->rate_per_second);
  EXPECT_TRUE(grant->namespaces.empty());
  EXPECT_TRUE(grant->may_create_rooms);
}

}  // namespace
}  // namespace peer
