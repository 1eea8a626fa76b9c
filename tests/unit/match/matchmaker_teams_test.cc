#include <gmock/gmock.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "core/match/match_messages.h"
#include "core/match/shared_queues.h"
#include "tests/unit/match/match_test.h"
#include "tests/unit/match/now.h"

// What a strategy may say since revision 2 of the SDK: of a ticket given what waits, of teams, of
// what a ticket may expect.
namespace peer {
namespace {

using test::request_for;
using test::Status;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MatchmakerTeamsTest : public test::MatchTest {
 protected:
  static std::string hex(const std::string& name) {
    return '"' + to_hex(fingerprint_of(name)) + '"';
  }
};

TEST_F(MatchmakerTeamsTest, TeamsAreToldByFingerprint) {
  strategy_.on_teams = [](const sdk::MatchGroup& group) {
    return std::vector<std::vector<sdk::TicketId>>{{group.tickets[1]}, {group.tickets[0]}};
  };
  request("a", request_for("lobby"));
  request("b", request_for("lobby"));
  EXPECT_THAT(mail_of("a"),
              ElementsAre(HasSubstr("\"teams\":[[" + hex("b") + "],[" + hex("a") + "]]}")));
}

TEST_F(MatchmakerTeamsTest, TeamsThatDoNotHoldTheGroupOnceEachAreAFault) {
  using Teams = std::vector<std::vector<sdk::TicketId>>;
  const auto wrong = [this](auto make) {
    strategy_.on_teams = [make](const sdk::MatchGroup& group) { return make(group.tickets); };
    request("a", request_for("lobby"));
    request("b", request_for("lobby"));
    EXPECT_EQ(matchmaker_.waiting(), 2U);
    EXPECT_TRUE(mail_.empty());
  };
  wrong([](const auto& ids) { return Teams{{ids[0]}}; });
  wrong([](const auto& ids) { return Teams{{ids[0]}, {ids[0]}}; });
  wrong([](const auto& ids) { return Teams{{ids[0], ids[1]}, {ids[1]}}; });
  wrong([](const auto& ids) { return Teams{{ids[0]}, {999}}; });
}

TEST_F(MatchmakerTeamsTest, ATicketMayBeRefusedForWhatWaits) {
  strategy_.on_ticket = [](sdk::TicketId) { return std::optional<std::string>("full"); };
  const MatchOutcome outcome = request("a", request_for("lobby"));
  EXPECT_EQ(outcome.status, Status::kRefused);
  EXPECT_EQ(outcome.refusal, "full");
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

TEST_F(MatchmakerTeamsTest, AnEarlierTicketWaitsOnWhenTheNextIsRefused) {
  const auto ticket = request("a", request_for("lobby")).ticket;
  bool forgotten = false;
  strategy_.on_remove = [&] { forgotten = true; };
  strategy_.on_ticket = [&](sdk::TicketId) {
    EXPECT_TRUE(forgotten) << "the peer's own ticket must not speak against it";
    return std::optional<std::string>("full");
  };
  EXPECT_EQ(request("a", request_for("lobby", 3)).status, Status::kRefused);
  strategy_.on_ticket = nullptr;
  EXPECT_EQ(request("b", request_for("lobby")).status, Status::kMatched);
  EXPECT_NE(ticket, 0U);
}

TEST_F(MatchmakerTeamsTest, AQueueThatThrowsAtATicketFailsTheRequest) {
  strategy_.on_ticket = [](sdk::TicketId) -> std::optional<std::string> {
    throw std::runtime_error("no");
  };
  EXPECT_EQ(request("a", request_for("lobby")).status, Status::kFailed);
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

TEST_F(MatchmakerTeamsTest, AForecastIsForRequestsWithAnId) {
  strategy_.forecast = sdk::MatchForecast{3, milliseconds(40)};
  EXPECT_FALSE(request("a", request_for("lobby")).forecast);
  EXPECT_EQ(request("b", request_for("lobby", 5), "7").forecast->waiting, 3U);
  EXPECT_EQ(request("b", request_for("lobby", 5), "8").forecast->estimate, milliseconds(40));
}

TEST_F(MatchmakerTeamsTest, TheStrategySaysHowLargeAGroupIs) {
  strategy_.on_group_size = [](const sdk::MatchRequest&) { return 3U; };
  const auto asking = [](std::uint32_t most) {
    MatchRequest request = request_for("lobby");
    request.group_size_max = most;
    return request;
  };
  EXPECT_EQ(request("a", asking(2)).refusal, "group too large");
  EXPECT_EQ(request("a", asking(3)).status, Status::kWaiting);
  EXPECT_EQ(request("b", asking(3)).status, Status::kWaiting);
  EXPECT_EQ(request("c", asking(3)).status, Status::kMatched);
}

TEST_F(MatchmakerTeamsTest, AQueueKnowsItsNamespace) {
  std::vector<std::string> made_for;
  strategy_.on_make_queue_of = [&](std::string_view ns) { made_for.emplace_back(ns); };
  request("a", request_for("lobby"));
  request("a", request_for("hall"));
  EXPECT_THAT(made_for, ElementsAre("lobby", "hall"));
}

// A plugin of an older SDK has no such functions.
TEST_F(MatchmakerTeamsTest, AnOlderStrategyIsNotAsked) {
  strategy_.on_ticket = [](sdk::TicketId) { return std::optional<std::string>("full"); };
  strategy_.on_group_size = [](const sdk::MatchRequest&) { return 99U; };
  strategy_.on_teams = [](const sdk::MatchGroup&) {
    return std::vector<std::vector<sdk::TicketId>>{{1}};
  };
  strategy_.forecast = sdk::MatchForecast{3, {}};
  bool is_asked = false;
  strategy_.on_make_queue_of = [&](std::string_view) { is_asked = true; };
  StrategyQueue<QueuedTicket> queue({strategy_, calls_, 0, 1}, "lobby");
  MatchRequest asked = request_for("lobby");
  EXPECT_FALSE(judge({strategy_, calls_, 0, 1}, asked).refusal);
  EXPECT_EQ(asked.group_size, 2U);
  EXPECT_TRUE(queue.judge_ticket({1, fingerprint_of("a"), now_, view_of(asked)}).is_good());
  for (const sdk::TicketId id : {1U, 2U}) {
    queue.add(id)->second = QueuedTicket{fingerprint_of("a"), now_, asked};
    queue.put_back(id);
  }
  EXPECT_FALSE(queue.forecast(1));
  int groups = 0;
  queue.form_groups(now_, [&](const auto&, const Teams& teams) {
    ++groups;
    EXPECT_THAT(teams, IsEmpty());
  });
  EXPECT_EQ(groups, 1);
  EXPECT_FALSE(is_asked);
}

TEST_F(MatchmakerTeamsTest, SharedTicketsAreRefusedWhereTheMatchesAreMade) {
  SharedQueues queues{ByNamespace<sdk::MatchStrategy>(strategy_, calls_)};
  sdk::SharedTicket ticket;
  ticket.id = 5;
  strategy_.on_ticket = [](sdk::TicketId) { return std::optional<std::string>("full"); };
  EXPECT_EQ(queues.add("lobby", ticket, request_for("lobby")), "full");
  EXPECT_FALSE(queues.waits("lobby", 5));
  // A broker that could not tell the ticket's node so has it taken.
  EXPECT_EQ(queues.add("lobby", ticket, request_for("lobby"), false), std::nullopt);
  EXPECT_TRUE(queues.waits("lobby", 5));
}

TEST(TicketWordTest, WhatIsWrittenIsRead) {
  EXPECT_EQ(read_word(write_word({"party is complete", {}})).refusal, "party is complete");
  const auto both = read_word(write_word({{}, sdk::MatchForecast{12, milliseconds(3400)}}));
  EXPECT_EQ(both.forecast->waiting, 12U);
  EXPECT_EQ(both.forecast->estimate, milliseconds(3400));
  const auto waiting = read_word(write_word({{}, sdk::MatchForecast{12, {}}}));
  EXPECT_EQ(waiting.forecast->waiting, 12U);
  EXPECT_FALSE(waiting.forecast->estimate);
  EXPECT_EQ(write_word({}), "");
}

TEST(TicketWordTest, WhatIsNoWordSaysNothing) {
  for (const char* text : {"", "w", "w ", "w x", "x 1", "w -1", "w 99999999999"}) {
    EXPECT_FALSE(read_word(text).forecast || read_word(text).refusal) << text;
  }
  EXPECT_FALSE(read_word("w 1 x").forecast->estimate);
  EXPECT_EQ(read_word("r \xff").refusal, "refused");
}

}  // namespace
}  // namespace peer
