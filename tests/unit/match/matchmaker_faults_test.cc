#include <Poco/AutoPtr.h>
#include <Poco/Logger.h>

#include <stdexcept>

#include "tests/plugin/logged_lines.h"
#include "tests/unit/match/match_test.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using namespace std::chrono_literals;
using test::request_for;
using test::session_of;
using test::Status;

class MatchmakerFaultsTest : public test::MatchTest {
 protected:
  void answer_groups_with(const std::vector<sdk::MatchGroup>& answer) {
    strategy_.on_form_groups = [answer](auto& groups) { groups = answer; };
  }
};

TEST_F(MatchmakerFaultsTest, AThrowingCheckFailsTheRequestAndLeavesAnEarlierTicketAlone) {
  const auto ticket = request("a", request_for("lobby")).ticket;
  strategy_.on_check = []() -> std::optional<std::string> { throw 42; };
  EXPECT_EQ(request("a", request_for("lobby", 3)).status, Status::kFailed);
  EXPECT_EQ(cancel("a"), ticket);
}

TEST_F(MatchmakerFaultsTest, WithoutAQueueTheRequestFailsAndNobodyWaits) {
  strategy_.on_make_queue = [] { throw std::runtime_error("out of paper"); };
  EXPECT_EQ(request("a", request_for("lobby", 2, "{}", 10ms)).status, Status::kFailed);
  EXPECT_EQ(matchmaker_.waiting(), 0U);
  strategy_.on_make_queue = nullptr;
  EXPECT_EQ(request("a", request_for("lobby")).status, Status::kWaiting);
}

TEST_F(MatchmakerFaultsTest, AThrowingAddFailsTheRequestAndNobodyWaits) {
  strategy_.on_add = [] { throw std::runtime_error("full"); };
  EXPECT_EQ(request("a", request_for("lobby", 2, "{}", 10ms)).status, Status::kFailed);
  EXPECT_EQ(matchmaker_.waiting(), 0U);
  now_ += 10ms;
  tick();
  EXPECT_TRUE(mail_.empty());
}

TEST_F(MatchmakerFaultsTest, AThrowingAddOfAReplacementEndsTheOldTicketToo) {
  request("a", request_for("lobby"));
  strategy_.on_add = [] { throw std::runtime_error("full"); };
  EXPECT_EQ(request("a", request_for("lobby", 3)).status, Status::kFailed);
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

TEST_F(MatchmakerFaultsTest, AThrowingRemoveDoesNotHinderACancel) {
  request("a", request_for("lobby"));
  strategy_.on_remove = [] { throw std::runtime_error("no"); };
  EXPECT_TRUE(cancel("a"));
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

// It may hold a ticket that has gone, for good.
TEST_F(MatchmakerFaultsTest, AQueueOfAStrategyThatHasThrownIsNotKept) {
  int queues = 0;
  strategy_.on_make_queue = [&] { ++queues; };
  request("a", request_for("lobby"));
  strategy_.on_remove = [] { throw std::runtime_error("no"); };
  cancel("a");
  request("a", request_for("lobby"));
  EXPECT_EQ(queues, 2);
}

TEST_F(MatchmakerFaultsTest, AThrowingFormGroupsLosesNoTicket) {
  make_strategy_impatient();
  strategy_.on_form_groups = [](auto&) { throw std::runtime_error("no"); };
  request("a", request_for("lobby"));
  EXPECT_EQ(request("b", request_for("lobby")).status, Status::kWaiting);
  EXPECT_EQ(matchmaker_.waiting(), 2U);
  strategy_.on_form_groups = nullptr;
  next_tick();
  EXPECT_THAT(mail_of("a"), SizeIs(1));
}

// Of three groups two are formed when it throws, and the strategy has given up their tickets.
TEST_F(MatchmakerFaultsTest, WhatAThrowingAddGroupsHasFormedIsDroppedWholeAndLosesNoTicket) {
  make_strategy_impatient();
  const auto fail_at_third = [asked = 0]() mutable {
    if (++asked % 3 == 0) throw std::runtime_error("out of paper");
  };
  strategy_.on_form_groups = [](auto& groups) { groups.clear(); };
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) request(name, request_for("lobby"));
  strategy_.on_form_groups = nullptr;
  strategy_.on_group = fail_at_third;
  Poco::AutoPtr<test::LoggedLines> log(new test::LoggedLines);
  Poco::Logger::get("peer").setChannel(log);
  next_tick();
  Poco::Logger::get("peer").setChannel(nullptr);
  EXPECT_TRUE(mail_.empty());
  EXPECT_EQ(matchmaker_.waiting(), 6U);
  EXPECT_THAT(log->lines(), ElementsAre("plugin match_strategy 'test': add_groups: out of paper"));

  strategy_.on_group = nullptr;
  next_tick();
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) EXPECT_THAT(mail_of(name), SizeIs(1));
  EXPECT_EQ(session_of(mail_of("a")[0]), session_of(mail_of("b")[0]));
  EXPECT_EQ(session_of(mail_of("e")[0]), session_of(mail_of("f")[0]));
  EXPECT_EQ(matchmaker_.waiting(), 0U);
  EXPECT_EQ(calls_.counts().errors, 1U);
}

TEST_F(MatchmakerFaultsTest, AThrowingNextChangeDoesNotHinderAnExpiry) {
  strategy_.on_next_change = [](sdk::Instant) -> std::optional<sdk::Instant> { throw 42; };
  EXPECT_EQ(request("a", request_for("lobby", 2, "{}", 10ms)).wake_at, now_ + 10ms);
  now_ += 10ms;
  tick();
  EXPECT_THAT(mail_of("a"), SizeIs(1));
}

TEST_F(MatchmakerFaultsTest, FaultsAreCountedAsTheStrategys) {
  answer_groups_with({{{99, 100}}});
  request("a", request_for("lobby"));
  EXPECT_EQ(calls_.counts().errors, 1U);
}

struct Nonsense {
  const char* name;
  std::vector<sdk::MatchGroup> groups;  // of the tickets 1 to 3, each for a group of two
};

class MatchmakerNonsenseTest : public MatchmakerFaultsTest,
                               public testing::WithParamInterface<Nonsense> {};

TEST_P(MatchmakerNonsenseTest, MatchesNobodyAndLosesNoTicket) {
  make_strategy_impatient();
  strategy_.on_form_groups = [](auto& groups) { groups.clear(); };
  for (const char* name : {"a", "b", "c"}) request(name, request_for("lobby"));
  answer_groups_with(GetParam().groups);
  next_tick();
  EXPECT_TRUE(mail_.empty());
  EXPECT_EQ(matchmaker_.waiting(), 3U);
  strategy_.on_form_groups = nullptr;  // the strategy has all of them again
  next_tick();
  EXPECT_THAT(mail_.take(), SizeIs(2));
  EXPECT_EQ(matchmaker_.waiting(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Group, MatchmakerNonsenseTest,
    testing::Values(Nonsense{"Empty", {{{}}}}, Nonsense{"OfOne", {{{1}}}},
                    Nonsense{"WithADuplicate", {{{1, 1}}}},
                    Nonsense{"WithAnUnknownTicket", {{{2, 4}}}},
                    Nonsense{"OfUnknownTicketsOnly", {{{0, 18446744073709551615U}}}},
                    Nonsense{"LargerThanAskedFor", {{{1, 2, 3}}}},
                    Nonsense{"AfterGroup", {{{1}}, {{2, 2}}, {{}}, {{1, 2, 3, 1}}}}),
    [](const auto& nonsense) { return nonsense.param.name; });

TEST_F(MatchmakerFaultsTest, AGroupThatIsReturnedTwiceIsMatchedOnce) {
  request("a", request_for("lobby", 3));
  answer_groups_with({{{1, 2}}, {{1, 2}}});
  request("b", request_for("lobby", 3));
  EXPECT_THAT(mail_of("a"), SizeIs(1));
  EXPECT_THAT(mail_of("b"), SizeIs(1));
}

TEST_F(MatchmakerFaultsTest, ATicketInTwoGroupsIsMatchedInTheFirstAndTheOthersWaitOn) {
  request("a", request_for("lobby", 3));
  request("b", request_for("lobby", 3));
  strategy_.on_form_groups = [](auto& groups) { groups = {{{1, 2}}, {{2, 3}}}; };
  EXPECT_EQ(request("c", request_for("lobby", 3)).status, Status::kWaiting);
  EXPECT_THAT(mail_of("b"), SizeIs(1));
  EXPECT_THAT(mail_of("c"), SizeIs(0));
  EXPECT_TRUE(cancel("c"));
}

TEST_F(MatchmakerFaultsTest, ATicketOfAnotherNamespaceIsUnknown) {
  request("a", request_for("hall"));
  answer_groups_with({{{1, 2}}});
  EXPECT_EQ(request("b", request_for("lobby")).status, Status::kWaiting);
  EXPECT_TRUE(mail_.empty());
  EXPECT_EQ(matchmaker_.waiting(), 2U);
}

TEST_F(MatchmakerFaultsTest, ATicketThatCannotBeGivenBackCanStillBeCancelled) {
  request("a", request_for("lobby"));
  answer_groups_with({{{1}}});
  strategy_.on_add = [] { throw std::runtime_error("full"); };
  tick();
  EXPECT_EQ(cancel("a"), 1U);
}

}  // namespace
}  // namespace peer
