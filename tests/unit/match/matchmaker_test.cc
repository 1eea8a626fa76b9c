#include "core/match/matchmaker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tests/unit/match/match_test.h"

namespace peer {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using namespace std::chrono_literals;
using test::peers_of;
using test::request_for;
using test::session_of;
using test::Status;

class MatchmakerTest : public test::MatchTest {
 protected:
  std::string order_told_to(const std::string& name) { return peers_of(mail_of(name).at(0)); }
};

TEST_F(MatchmakerTest, TheFirstWaitsAndTheLastCompletesTheGroup) {
  EXPECT_EQ(request("a", request_for("lobby", 3)).status, Status::kWaiting);
  EXPECT_EQ(request("b", request_for("lobby", 3)).status, Status::kWaiting);
  EXPECT_EQ(matchmaker_.waiting(), 2U);
  EXPECT_TRUE(mail_.empty());
  EXPECT_EQ(request("c", request_for("lobby", 3)).status, Status::kMatched);
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

TEST_F(MatchmakerTest, AMatchIsToldToEachOfTheGroupWithOneSessionIdAndToNobodyElse) {
  request("d", request_for("lobby", 2, "other"));
  request("a", request_for("lobby"));
  request("b", request_for("lobby"));
  ASSERT_THAT(mail_of("a"), SizeIs(1));
  ASSERT_THAT(mail_of("b"), SizeIs(1));
  EXPECT_THAT(mail_of("d"), SizeIs(0));
  EXPECT_EQ(session_of(mail_of("a")[0]), session_of(mail_of("b")[0]));
  EXPECT_EQ(order_told_to("a"), R"("a","b")");
  EXPECT_EQ(order_told_to("b"), R"("a","b")");
  EXPECT_FALSE(mail_.went_astray());
}

TEST_F(MatchmakerTest, OnlyTheRequestThatCompletesTheGroupIsEchoed) {
  request("a", request_for("lobby"), "17");
  request("b", request_for("lobby"), "18");
  EXPECT_THAT(mail_of("a")[0], Not(HasSubstr("\"id\"")));
  EXPECT_THAT(mail_of("b")[0], HasSubstr("\"id\":18,"));
}

TEST_F(MatchmakerTest, DifferentSizesCriteriaAndNamespacesDoNotMeet) {
  request("a", request_for("lobby", 2, "x"));
  EXPECT_EQ(request("b", request_for("lobby", 2, "y")).status, Status::kWaiting);
  EXPECT_EQ(request("c", request_for("lobby", 3, "x")).status, Status::kWaiting);
  EXPECT_EQ(request("d", request_for("hall", 2, "x")).status, Status::kWaiting);
  EXPECT_EQ(matchmaker_.waiting(), 4U);
}

TEST_F(MatchmakerTest, NobodyMatchesItself) {
  request("a", request_for("lobby"));
  EXPECT_EQ(request("a", request_for("lobby")).status, Status::kWaiting);
  EXPECT_EQ(request("a", request_for("hall")).status, Status::kWaiting);
  EXPECT_EQ(request("a", request_for("lobby", 2, "x")).status, Status::kWaiting);
  EXPECT_TRUE(mail_.empty());
}

TEST_F(MatchmakerTest, AnEqualRequestKeepsItsTicketAndItsPlace) {
  const MatchOutcome first = request("a", request_for("lobby", 3));
  request("b", request_for("lobby", 3));
  EXPECT_EQ(request("a", request_for("lobby", 3)).ticket, first.ticket);
  EXPECT_EQ(matchmaker_.waiting(), 2U);
  request("c", request_for("lobby", 3));
  EXPECT_EQ(order_told_to("c"), R"("a","b","c")");
}

TEST_F(MatchmakerTest, ADifferentRequestReplacesTheTicketAtTheBack) {
  const MatchOutcome first = request("a", request_for("lobby", 3));
  request("b", request_for("lobby", 3));
  const MatchOutcome other = request("a", request_for("lobby", 3, "x"));
  EXPECT_GT(other.ticket, first.ticket);
  EXPECT_GT(request("a", request_for("lobby", 3)).ticket, other.ticket);
  EXPECT_EQ(matchmaker_.waiting(), 2U);
  request("c", request_for("lobby", 3));
  EXPECT_EQ(order_told_to("c"), R"("b","a","c")");
}

TEST_F(MatchmakerTest, AFieldOfTheStrategysOwnMakesARequestDifferent) {
  MatchRequest skilled = request_for("lobby");
  skilled.fields.data = sdk::Value::Object{{"skill", {7.0}}};
  const auto first = request("a", skilled).ticket;
  EXPECT_EQ(request("a", skilled).ticket, first);
  EXPECT_NE(request("a", request_for("lobby")).ticket, first);
}

TEST_F(MatchmakerTest, TheProtocolsOwnFieldsAreComparedByMeaningOnly) {
  MatchRequest spelled = request_for("lobby");
  spelled.fields.data = sdk::Value::Object{{"namespace", {std::string("lobby")}},
                                           {"group_size", {2.0}},
                                           {"criteria", {}},
                                           {"timeout_ms", {5.0}}};
  const auto first = request("a", request_for("lobby")).ticket;
  EXPECT_EQ(request("a", spelled).ticket, first);
}

TEST_F(MatchmakerTest, ARepeatedRequestAnswersWithItsNewOwner) {
  request("a", request_for("lobby"), "1");
  TicketOwner moved = owner("a");
  moved.where = test::ref_of(0, 999);
  matchmaker_.request(moved, namespace_of("lobby"), request_for("lobby"), now_);
  request("b", request_for("lobby"));
  EXPECT_THAT(mail_.of(moved.where), SizeIs(1));
  EXPECT_THAT(mail_of("a"), SizeIs(0));
}

TEST_F(MatchmakerTest, ACancelledTicketIsGoneForGood) {
  const auto ticket = request("a", request_for("lobby")).ticket;
  EXPECT_EQ(cancel("a"), ticket);
  EXPECT_EQ(cancel("a"), std::nullopt);
  EXPECT_EQ(request("b", request_for("lobby")).status, Status::kWaiting);
  EXPECT_TRUE(mail_.empty());
}

TEST_F(MatchmakerTest, ACancelEndsTheOwnTicketInThatNamespaceOnly) {
  request("a", request_for("lobby", 3));
  request("a", request_for("hall", 3));
  request("b", request_for("lobby", 3));
  EXPECT_EQ(cancel("c"), std::nullopt);
  EXPECT_EQ(cancel("a", "nowhere"), std::nullopt);
  EXPECT_TRUE(cancel("a"));
  EXPECT_EQ(matchmaker_.waiting(), 2U);
  EXPECT_TRUE(cancel("a", "hall"));
  EXPECT_TRUE(cancel("b"));
}

TEST_F(MatchmakerTest, AMatchedTicketCannotBeCancelled) {
  request("a", request_for("lobby"));
  request("b", request_for("lobby"));
  EXPECT_EQ(cancel("a"), std::nullopt);
}

TEST_F(MatchmakerTest, WhoWasMatchedMayAskAgain) {
  request("a", request_for("lobby"));
  request("b", request_for("lobby"));
  EXPECT_EQ(request("a", request_for("lobby")).status, Status::kWaiting);
  EXPECT_EQ(request("b", request_for("lobby")).status, Status::kMatched);
  EXPECT_NE(session_of(mail_of("a")[0]), session_of(mail_of("a")[1]));
}

TEST_F(MatchmakerTest, ARefusalIsInTheStrategysWordsAndLeavesAnEarlierTicketAlone) {
  const auto ticket = request("a", request_for("lobby")).ticket;
  strategy_.on_check = [] { return "skill must be a number"; };
  const MatchOutcome refused = request("a", request_for("lobby", 3));
  EXPECT_EQ(refused.status, Status::kRefused);
  EXPECT_EQ(refused.refusal, "skill must be a number");
  EXPECT_EQ(cancel("a"), ticket);
}

TEST_F(MatchmakerTest, AStrategyMayFormSmallerGroupsThanAskedFor) {
  make_strategy_impatient();
  request("a", request_for("lobby", 4));
  const auto b = request("b", request_for("lobby", 4)).ticket;
  strategy_.on_form_groups = [&](auto& groups) { groups = {{{b, b - 1}}}; };
  next_tick();
  EXPECT_EQ(order_told_to("a"), R"("b","a")");
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

TEST_F(MatchmakerTest, SeveralGroupsCanFormAtOnce) {
  make_strategy_impatient();
  strategy_.on_form_groups = [](auto& groups) { groups.clear(); };
  for (const char* name : {"a", "b", "c", "d"}) request(name, request_for("lobby"));
  strategy_.on_form_groups = nullptr;
  next_tick();
  EXPECT_EQ(order_told_to("a"), R"("a","b")");
  EXPECT_EQ(order_told_to("d"), R"("c","d")");
}

class MatchTraitsTest : public test::MatchTest {
 protected:
  // A strategy is asked for its traits when it is given to a Matchmaker.
  void ask_anew() {
    fresh_.emplace(ByNamespace<sdk::MatchStrategy>(strategy_, calls_), namespaces_, mail_.post());
  }
  MatchOutcome ask(const std::string& name, const MatchRequest& request,
                   const std::string& request_id = "") {
    return fresh_->request(owner(name, request_id), namespace_of(request.ns), MatchRequest(request),
                           now_);
  }

  std::optional<Matchmaker> fresh_;
};

TEST_F(MatchTraitsTest, AStrategyThatReadsNoValuesIsShownNone) {
  const std::string text = R"({"namespace":"lobby","criteria":{"a":1}})";
  MatchRequest asked = request_for("lobby", 2, R"({"a":1})");
  asked.fields = {};
  asked.has_criteria = true;
  asked.payload = text;
  for (const bool reads : {false, true}) {
    strategy_.has.reads_values = reads;
    ask_anew();
    EXPECT_EQ(ask("a", asked).status, Status::kWaiting);
    EXPECT_EQ(strategy_.last_values_were_empty, !reads);
  }
}

TEST_F(MatchTraitsTest, OwnFieldsTellRequestsApartForWhoReadsNoValues) {
  strategy_.has.reads_values = false;
  ask_anew();
  const std::string text = R"({"namespace":"lobby","skill":7})";
  MatchRequest skilled = request_for("lobby");
  skilled.fields = {};
  skilled.has_own_fields = true;
  skilled.payload = text;
  MatchRequest plain = request_for("lobby");
  plain.fields = {};
  const auto first = ask("a", skilled).ticket;
  EXPECT_EQ(ask("a", skilled).ticket, first);
  const auto second = ask("a", plain).ticket;
  EXPECT_NE(second, first);
  EXPECT_EQ(ask("a", plain).ticket, second);
}

TEST_F(MatchTraitsTest, WhatAStrategyDoesWithoutIsNotCalled) {
  for (const bool has : {true, false}) {
    strategy_.has.judges = strategy_.has.makes_teams = strategy_.has.forecasts = has;
    strategy_.has.changes_with_time = has;
    ask_anew();
    std::set<std::string> called;
    strategy_.on_check = [&] { return called.insert("check"), std::nullopt; };
    strategy_.on_group_size = [&](const sdk::MatchRequest& asked) {
      return called.insert("group_size"), asked.group_size;
    };
    strategy_.on_ticket = [&](sdk::TicketId) {
      return called.insert("queue's check"), std::nullopt;
    };
    strategy_.on_teams = [&](const sdk::MatchGroup&) {
      return called.insert("teams_of"), std::vector<std::vector<sdk::TicketId>>();
    };
    strategy_.on_next_change = [&](sdk::Instant now) {
      return called.insert("next_change"), std::optional(now);
    };
    strategy_.forecast.emplace();
    EXPECT_FALSE(ask("b", request_for("hall")).forecast);
    EXPECT_EQ(ask("a", request_for("lobby"), "1").forecast.has_value(), has);
    EXPECT_EQ(ask("b", request_for("lobby")).status, Status::kMatched);
    EXPECT_EQ(called.size(), has ? 5U : 0U);
  }
}

TEST_F(MatchmakerTest, AQueueThatHasLostItsLastTicketServesTheNext) {
  int queues = 0;
  strategy_.on_make_queue = [&] { ++queues; };
  request("a", request_for("lobby"));
  cancel("a");
  request("c", request_for("lobby", 2, "x"));
  EXPECT_EQ(request("d", request_for("lobby", 2, "x")).status, Status::kMatched);
  request("a", request_for("lobby"));
  EXPECT_EQ(request("b", request_for("lobby")).status, Status::kMatched);
  EXPECT_EQ(queues, 1);
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

// 64 shards keep 16 each at most.
TEST_F(MatchmakerTest, OfQueuesWithoutTicketsABoundedNumberIsKept) {
  std::map<std::string, int> made;
  strategy_.on_make_queue_of = [&](std::string_view ns) { ++made[std::string(ns)]; };
  const auto visit_all = [&] {
    for (int i = 0; i < 2000; ++i) {
      const std::string ns = "n" + std::to_string(i);
      request("a", request_for(ns));
      cancel("a", ns);
    }
  };
  visit_all();
  EXPECT_THAT(made, SizeIs(2000));
  visit_all();
  const auto made_again =
      std::count_if(made.begin(), made.end(), [](const auto& queue) { return queue.second > 1; });
  EXPECT_GE(made_again, 2000 - 64 * 16);
}

TEST_F(MatchmakerTest, AQueueThatHadManyTicketsIsNotKept) {
  int queues = 0;
  strategy_.on_make_queue = [&] { ++queues; };
  for (int i = 0; i < 65; ++i) {
    matchmaker_.request({fingerprint_of(std::to_string(i)), where("a"), "", true},
                        namespace_of("lobby"), request_for("lobby", 2, std::to_string(i)), now_);
  }
  for (int i = 0; i < 65; ++i) {
    matchmaker_.cancel("lobby", fingerprint_of(std::to_string(i)), now_);
  }
  request("a", request_for("lobby"));
  EXPECT_EQ(queues, 2);
}

TEST_F(MatchmakerTest, TheNamespaceOfATicketIsTheMatchmakersOwnCopy) {
  std::string name = "lobby";
  request("a", request_for(name, 2, "{}", 5ms));
  name = "xxxxx";
  now_ += 5ms;
  tick();
  EXPECT_THAT(mail_of("a")[0], HasSubstr("\"namespace\":\"lobby\""));
}

TEST_F(MatchmakerTest, QueuesAreListedByNameWithTheirOldestTicket) {
  for (const char* ns : {"c", "a", "b"}) request("x", request_for(ns, 3));
  now_ += 5s;
  request("y", request_for("b", 3));
  const std::vector<QueueFacts> all = matchmaker_.page_of_queues("", 10);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].ns, "a");
  EXPECT_EQ(all[1].ns, "b");
  EXPECT_EQ(all[1].waiting, 2U);
  EXPECT_EQ(all[1].oldest, now_ - 5s);
  const std::vector<QueueFacts> page = matchmaker_.page_of_queues("a", 1);
  ASSERT_THAT(page, SizeIs(1));
  EXPECT_EQ(page[0].ns, "b");
  EXPECT_THAT(matchmaker_.page_of_queues("c", 10), SizeIs(0));
}

}  // namespace
}  // namespace peer
