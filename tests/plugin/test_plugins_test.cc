#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "tests/plugin/match_queue.h"
#include "tests/plugin/null_host.h"

namespace peer {
namespace {

// What the integration tests rely on: the test plugins do what their comments say.

using namespace sdk;
using testing::ElementsAre;
using testing::IsEmpty;

Loaded load_test_plugins(const std::string& mode = "duplicate") {
  PluginsConfig config;
  config.broker = {choice("slow", kTestPluginDir + "/broker_slow.so")};
  config.broker.front().options = {{"delay_ms", std::int64_t{1}}};
  config.match_strategy = {choice("nonsense", kTestPluginDir + "/match_nonsense.so")};
  config.match_strategy.front().options = {{"mode", mode}};
  config.room_policy = {choice("voting", kTestPluginDir + "/room_voting.so")};
  config.auth = {choice("token", kTestPluginDir + "/auth_token.so")};
  config.auth.front().options = {{"expiry_ms", std::int64_t{5000}}};
  return load(config);
}

TEST(TestPluginsTest, TheSlowBrokerAnswersFromItsOwnThread) {
  const Loaded loaded = load_test_plugins();
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  test::NullHost host;
  loaded.plugins.broker->start(host);
  std::promise<std::thread::id> answered;
  loaded.plugins.broker->read_room(
      "den", [&](const RoomReading&) { answered.set_value(std::this_thread::get_id()); });
  EXPECT_NE(answered.get_future().get(), std::this_thread::get_id());
  loaded.plugins.broker->stop();
}

class NonsenseTest : public testing::TestWithParam<std::pair<const char*, TicketIds>> {};

TEST_P(NonsenseTest, AnswersNonsense) {
  const Loaded loaded = load_test_plugins(GetParam().first);
  const auto queue = loaded.plugins.match_strategies.front()->make_queue();
  add_ticket(*queue, 1, 2, "{}");
  EXPECT_THAT(form_groups(*queue), IsEmpty());
  add_ticket(*queue, 2, 2, "{}");
  EXPECT_THAT(form_groups(*queue), ElementsAre(GetParam().second));
}

INSTANTIATE_TEST_SUITE_P(Modes, NonsenseTest,
                         testing::Values(std::pair("duplicate", TicketIds{1, 1}),
                                         std::pair("unknown", TicketIds{1, ~TicketId{0}}),
                                         std::pair("size", TicketIds{1})));

TEST(TestPluginsTest, ThrowingRoomsThrowByName) {
  const Loaded loaded = load(with_room_policy("throwing", kTestPluginDir + "/room_throwing.so"));
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  const Value fields{Value::Object{}};
  const RoomRequest request{RoomAction::kCreate, peer_number(1), {}, {}, fields, at(0)};
  EXPECT_EQ(loaded.plugins.room_policies.front()->decide({"den", {}, 0, {}, {}}, request).owner,
            peer_number(1));
  EXPECT_THROW(static_cast<void>(loaded.plugins.room_policies.front()->decide(
                   {"throw-1", {}, 0, {}, {}}, request)),
               std::exception);
}

class VotingTest : public testing::Test {
 protected:
  /// Decides and keeps the state, as the core does.
  RoomDecision act(RoomAction action, std::uint8_t actor, std::int64_t time) {
    const Value fields{Value::Object{}};
    RoomDecision decision = loaded_.plugins.room_policies.front()->decide(
        {"den", members_[0], 20, members_, state_},
        {action, peer_number(actor), {}, "vote", fields, at(time)});
    if (!decision.refusal) state_ = decision.state;
    return decision;
  }

  const Loaded loaded_ = load_test_plugins();
  const std::vector<Fingerprint> members_{peer_number(1), peer_number(2)};
  std::string state_;
};

TEST_F(VotingTest, AVoteIsCountedOnceAndToldToAll) {
  EXPECT_THAT(loaded_.plugins.room_policies.front()->message_types(), ElementsAre("vote"));
  EXPECT_EQ(act(RoomAction::kMessage, 1, 1000).messages.at(0).payload, R"({"votes":1})");
  EXPECT_EQ(act(RoomAction::kMessage, 1, 1010).refusal->code, 409);
  EXPECT_EQ(act(RoomAction::kMessage, 2, 1020).messages.at(0).payload, R"({"votes":2})");
}

TEST_F(VotingTest, TheTimerOfTheFirstVoteEndsIt) {
  EXPECT_EQ(act(RoomAction::kMessage, 1, 1000).wake_after, std::chrono::milliseconds(200));
  EXPECT_EQ(act(RoomAction::kJoin, 3, 1150).wake_after, std::chrono::milliseconds(50));
  const RoomDecision end = act(RoomAction::kTimer, 0, 1200);
  EXPECT_EQ(end.messages.at(0).type, "vote_result");
  EXPECT_EQ(end.messages.at(0).payload, R"({"votes":1})");
  EXPECT_EQ(end.wake_after.count(), 0);
  EXPECT_EQ(state_, "");
}

class TokenAuthTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(loaded_.mistakes, IsEmpty()); }

  std::vector<AuthVerdict> verdicts(const std::string& token, std::string_view response = {},
                                    std::string_view context = {}) {
    std::vector<AuthVerdict> given;
    const std::string payload = R"({"public_key":"k","token":")" + token + R"("})";
    AuthRequest request{.payload = payload,
                        .remote_address = {},
                        .origin = {},
                        .query = {},
                        .headers = {},
                        .response = response,
                        .context = context};
    loaded_.plugins.auths.front()->authenticate(
        request, [&](AuthVerdict verdict) { given.push_back(std::move(verdict)); });
    return given;
  }

  const Loaded loaded_ = load_test_plugins();
};

template <typename Verdict>
auto is() {
  return testing::VariantWith<Verdict>(testing::_);
}

TEST_F(TokenAuthTest, AnswersAsTheTokenSays) {
  EXPECT_THAT(verdicts("good"), ElementsAre(is<AuthGrant>()));
  EXPECT_THAT(verdicts("bad"), ElementsAre(is<AuthRejection>()));
  EXPECT_THAT(verdicts("never"), IsEmpty());
  EXPECT_THAT(verdicts("twice"), ElementsAre(is<AuthGrant>(), is<AuthRejection>()));
  EXPECT_THROW(verdicts("throw"), std::exception);
}

TEST_F(TokenAuthTest, AChallengeWantsItsAnswer) {
  EXPECT_THAT(verdicts("challenge"), ElementsAre(is<AuthChallenge>()));
  EXPECT_THAT(verdicts("challenge", R"({"answer":42})", "asked"), ElementsAre(is<AuthGrant>()));
  EXPECT_THAT(verdicts("challenge", R"({"answer":41})", "asked"), ElementsAre(is<AuthRejection>()));
}

TEST_F(TokenAuthTest, TheLobbyIsLimitedInSpaceAndTime) {
  const std::vector<AuthVerdict> given = verdicts("lobby");
  ASSERT_THAT(given, ElementsAre(is<AuthGrant>()));
  const AuthGrant& grant = std::get<AuthGrant>(given[0]);
  EXPECT_THAT(grant.namespaces, ElementsAre("lobby*"));
  EXPECT_GT(grant.expires, std::chrono::system_clock::now());
}

TEST_F(TokenAuthTest, ALateAnswerComesFromAnotherThread) {
  std::promise<std::thread::id> answered;
  loaded_.plugins.auths.front()->authenticate(
      {.payload = R"({"token":"late"})",
       .remote_address = {},
       .origin = {},
       .query = {},
       .headers = {},
       .response = {},
       .context = {}},
      [&](const AuthVerdict&) { answered.set_value(std::this_thread::get_id()); });
  EXPECT_NE(answered.get_future().get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace peer
