#include <gmock/gmock.h>

#include "tests/plugin/loading.h"

namespace peer {
namespace {

using namespace sdk;

TEST(BrokerLocalTest, AnswersStateOperationsDuringTheCall) {
  const Loaded loaded = load({});
  Broker& broker = *loaded.plugins.broker;
  int answers = 0;
  broker.register_peer({peer_number(1), 1}, "ann", [&](RegisterOutcome outcome) {
    EXPECT_FALSE(outcome.alias_taken);
    ++answers;
  });
  broker.join("lobby", {peer_number(1), 1}, "{}", 10, 50, [&](JoinOutcome outcome) {
    EXPECT_FALSE(outcome.full);
    EXPECT_EQ(outcome.elsewhere.total, 0u);
    ++answers;
  });
  broker.list("lobby", std::nullopt, 50, [&](RemoteMembers members) {
    EXPECT_TRUE(members.peers.empty());
    ++answers;
  });
  broker.name_in_use("lobby", [&](bool in_use) {
    EXPECT_FALSE(in_use);
    ++answers;
  });
  EXPECT_EQ(answers, 4);
}

TEST(BrokerLocalTest, KnowsNobodyElsewhere) {
  const Loaded loaded = load({});
  EXPECT_EQ(loaded.plugins.broker->route({peer_number(1), peer_number(2), {}, "{}"}),
            RouteOutcome::kNotFound);
  EXPECT_EQ(loaded.plugins.broker->broadcast({"lobby", peer_number(1), {}, "{}"}), 0u);
}

TEST(AuthOpenTest, GrantsEverythingDuringTheCall) {
  const Loaded loaded = load({});
  std::vector<AuthVerdict> verdicts;
  loaded.plugins.auth->authenticate(
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
