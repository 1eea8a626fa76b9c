#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/plugins/match_skill/asking.h"

namespace peer_skill::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Options near(RangeRule rule) {
  Options options;
  options.ranges = {std::move(rule)};
  return options;
}

TEST(SkillQueueTest, ATicketIsReachedWhenItsOwnToleranceIsWideEnough) {
  Queue queue(near(range(50, 10)));
  queue.add(1, at(0), rated(1000));
  queue.add(2, at(10'000), rated(1100));
  EXPECT_THAT(queue.groups(at(10'000)), IsEmpty());
  // The first reaches 150 by then; the second needs 5 s for its other 50.
  EXPECT_EQ(queue.queue.next_change(at(10'000)), at(15'000));
  EXPECT_THAT(queue.groups(at(14'999)), IsEmpty());
  EXPECT_THAT(queue.groups(at(15'000)), ElementsAre(ElementsAre(1, 2)));
  EXPECT_EQ(queue.queue.next_change(at(15'000)), std::nullopt);
}

TEST(SkillQueueTest, ToleranceEndsAtItsLargest) {
  Queue queue(near(range(50, 10, 99)));
  queue.add(1, at(0), rated(1000));
  queue.add(2, at(0), rated(1100));
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
  EXPECT_EQ(queue.queue.next_change(at(0)), std::nullopt);
  EXPECT_THAT(queue.groups(at(1'000'000)), IsEmpty());
}

TEST(SkillQueueTest, TheOldestMembersPlayFirst) {
  Queue queue(near(range(100)));
  queue.add(1, at(0), rated(0));
  queue.add(2, at(0), rated(500));
  queue.add(3, at(0), rated(450));
  queue.add(4, at(0), rated(90));
  EXPECT_THAT(queue.groups(at(0)), ElementsAre(ElementsAre(1, 4), ElementsAre(2, 3)));
}

TEST(SkillQueueTest, ListsNeedOneElementThatAllHave) {
  Options options;
  options.overlaps = {"regions"};
  Queue queue(options);
  const auto ask = [](std::initializer_list<const char*> regions) {
    Value::List elements;
    for (const char* region : regions) elements.push_back(text(region));
    return Ask{3, {{"regions", list(std::move(elements))}}, {}};
  };
  queue.add(1, at(0), ask({"eu", "us"}));
  queue.add(2, at(0), ask({"us", "asia"}));
  queue.add(3, at(0), ask({"eu", "asia"}));  // each two have one in common, all three none
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
  queue.add(4, at(0), ask({"asia"}));
  EXPECT_THAT(queue.groups(at(0)), ElementsAre(ElementsAre(2, 3, 4)));
}

TEST(SkillQueueTest, AGroupMayStartShortOnceItsOldestHasWaited) {
  Options options = near(range(100));
  options.fill_after = milliseconds(10'000);
  options.min_group = 3;
  Queue queue(options);
  queue.add(1, at(0), rated(0, 5));
  queue.add(2, at(3000), rated(10, 5));
  EXPECT_THAT(queue.groups(at(3000)), IsEmpty());
  EXPECT_THAT(queue.groups(at(10'000)), IsEmpty());  // two are too few
  queue.add(3, at(11'000), rated(20, 5));
  EXPECT_THAT(queue.groups(at(11'000)), ElementsAre(ElementsAre(1, 2, 3)));
}

TEST(SkillQueueTest, NextChangeIsWhenTheOldestHasWaited) {
  Options options = near(range(100));
  options.fill_after = milliseconds(10'000);
  Queue queue(options);
  queue.add(1, at(0), rated(0, 4));
  queue.add(2, at(3000), rated(10, 4));
  EXPECT_THAT(queue.groups(at(3000)), IsEmpty());
  EXPECT_EQ(queue.queue.next_change(at(3000)), at(10'000));
  EXPECT_THAT(queue.groups(at(10'000)), ElementsAre(ElementsAre(1, 2)));
}

TEST(SkillQueueTest, APartyWaitsUntilAllAreThere) {
  Queue queue(near(range(100)));
  queue.add(1, at(0), rated(0, 3).party("p", 2));
  queue.add(2, at(0), rated(0, 3));
  queue.add(3, at(0), rated(0, 3));
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
  queue.add(4, at(0), rated(50, 3).party("p", 2));
  EXPECT_THAT(queue.groups(at(0)), ElementsAre(ElementsAre(1, 2, 4)));
}

TEST(SkillQueueTest, WhoLeavesAPartyLeavesTheOthersWaiting) {
  Queue queue(near(range(100)));
  queue.add(1, at(0), rated(0, 3).party("p", 2));
  queue.add(2, at(0), rated(0, 3).party("p", 2));
  queue.queue.remove(1);
  queue.add(3, at(0), rated(0, 3));
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
  queue.add(4, at(0), rated(0, 3).party("p", 2));
  EXPECT_THAT(queue.groups(at(0)), ElementsAre(ElementsAre(2, 3, 4)));
}

TEST(SkillQueueTest, APartyIsOfOneKindAndHasRoom) {
  Queue queue(near(range(100)));
  queue.add(1, at(0), rated(0, 4).party("p", 2));
  const auto check = [&](const Ask& ask) { return queue.check(9, at(0), ask).value_or(""); };
  EXPECT_EQ(check(rated(900, 4).party("p", 2)), "");  // ranges are each member's own
  EXPECT_EQ(check(rated(0, 4).party("p", 3)), "party has another size");
  EXPECT_EQ(check(rated(0, 3).party("p", 2)), "party has another group size or teams");
  EXPECT_EQ(check(rated(0, 4).teams(2, 2).party("p", 2)), "party has another group size or teams");
  Ask other = rated(0, 4).party("p", 2);
  other.criteria["mode"] = text("ranked");
  EXPECT_EQ(check(other), "party has other criteria");
  queue.add(2, at(0), rated(0, 4).party("p", 2));
  EXPECT_EQ(check(rated(0, 4).party("p", 2)), "party is complete");
  EXPECT_EQ(check(rated(0, 4).party("q", 2)), "");
  queue.queue.remove(1);
  EXPECT_EQ(check(rated(0, 4).party("p", 2)), "");
}

TEST(SkillQueueTest, TeamsAreBalancedByTheFirstRange) {
  Queue queue(near(range(1000)));
  const double skills[] = {100, 200, 300, 400};
  for (int i = 0; i < 4; ++i) {
    queue.add(static_cast<TicketId>(i + 1), at(0), rated(skills[i]).teams(2, 2));
  }
  const auto groups = queue.queue.form_groups(at(0));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_THAT(queue.queue.teams_of(groups.front()),
              ElementsAre(ElementsAre(1, 4), ElementsAre(2, 3)));
}

TEST(SkillQueueTest, APartyIsInOneTeam) {
  Queue queue(near(range(1000)));
  queue.add(1, at(0), rated(400).teams(2, 2).party("p", 2));
  queue.add(2, at(0), rated(300).teams(2, 2).party("p", 2));
  queue.add(3, at(0), rated(100).teams(2, 2));
  queue.add(4, at(0), rated(200).teams(2, 2));
  const auto groups = queue.queue.form_groups(at(0));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_THAT(queue.queue.teams_of(groups.front()),
              ElementsAre(ElementsAre(1, 2), ElementsAre(3, 4)));
}

TEST(SkillQueueTest, TeamsAreNeverFilledUpShort) {
  Options options = near(range(100));
  options.fill_after = milliseconds(1000);
  Queue queue(options);
  for (TicketId id = 1; id <= 3; ++id) queue.add(id, at(0), rated(0).teams(2, 2));
  EXPECT_THAT(queue.groups(at(100'000)), IsEmpty());
}

TEST(SkillQueueTest, TellsHowManyWaitAndHowLongItTookOthers) {
  Queue queue(near(range(100)));
  queue.add(1, at(0), rated(0));
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
  peer::sdk::MatchForecast forecast;
  EXPECT_FALSE(queue.queue.forecast(2, forecast));
  ASSERT_TRUE(queue.queue.forecast(1, forecast));
  EXPECT_EQ(forecast.waiting, 1U);
  EXPECT_EQ(forecast.estimate, std::nullopt);
  queue.add(2, at(4000), rated(0));
  EXPECT_THAT(queue.groups(at(4000)), ElementsAre(ElementsAre(1, 2)));
  queue.add(3, at(5000), rated(0));
  queue.add(4, at(5000), rated(5000));
  EXPECT_THAT(queue.groups(at(5000)), IsEmpty());
  ASSERT_TRUE(queue.queue.forecast(3, forecast));
  EXPECT_EQ(forecast.waiting, 2U);
  EXPECT_EQ(forecast.estimate, milliseconds(4000));  // of 4000 and 0
}

// All may be with the new one, but no two of them with each other: the longest search that finds
// nothing.
TEST(SkillQueueTest, ASearchEndsAtItsLimitAndIsCounted) {
  Options options;
  options.overlaps = {"regions"};
  options.search_limit = 500;
  Queue queue(options);
  const auto ask = [](Value::List regions) {
    return Ask{3, {{"regions", list(std::move(regions))}}, {}};
  };
  Value::List all;
  for (int i = 1; i <= 40; ++i) {
    queue.add(static_cast<TicketId>(i), at(0), ask({number(i), number(100 + i)}));
    all.push_back(number(i));
  }
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
  EXPECT_EQ(queue.limit_reached.value(), 0U);
  queue.add(41, at(0), ask(all));
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
  EXPECT_EQ(queue.limit_reached.value(), 1U);
  EXPECT_EQ(queue.queue.next_change(at(0)), std::nullopt) << "it is not tried for ever";
}

// Many new tickets in one call: what the steps do not reach waits for the next one.
TEST(SkillQueueTest, WhatACallDoesNotReachIsForTheNext) {
  Options options = near(range(10));
  options.search_limit = 100;
  Queue queue(options);
  for (TicketId id = 1; id <= 400; ++id) queue.add(id, at(0), rated(static_cast<double>(id) * 100));
  for (TicketId id = 401; id <= 800; ++id) {
    queue.add(id, at(0), rated(static_cast<double>(id - 400) * 100 + 1));
  }
  std::size_t formed = 0;
  int calls = 0;
  for (; queue.queue.next_change(at(0)) && calls < 1000; ++calls) {
    formed += queue.groups(at(0)).size();
  }
  EXPECT_EQ(formed, 400U);
  EXPECT_GT(calls, 1);
  EXPECT_EQ(queue.limit_reached.value(), 0U);
}

TEST(SkillQueueTest, ATicketThatComesBackKeepsItsPlaceAndItsWait) {
  Queue queue(near(range(50, 10)));
  queue.add(1, at(0), rated(0));
  queue.add(2, at(0), rated(0));
  EXPECT_THAT(queue.groups(at(0)), ElementsAre(ElementsAre(1, 2)));
  queue.add(3, at(5000), rated(100));
  queue.add(1, at(0), rated(0));  // 2 was gone
  EXPECT_THAT(queue.groups(at(5000)), IsEmpty());
  EXPECT_THAT(queue.groups(at(10'000)), ElementsAre(ElementsAre(1, 3)));
}

TEST(SkillQueueTest, UnknownTicketsAreIgnored) {
  Queue queue(near(range(50)));
  queue.queue.remove(7);
  queue.add(1, at(0), rated(0));
  queue.add(1, at(0), rated(0));
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
  queue.queue.remove(1);
  queue.queue.remove(1);
  queue.add(2, at(0), rated(0));
  EXPECT_THAT(queue.groups(at(0)), IsEmpty());
}

// An operator may set the clock back: nobody reaches farther, and nothing is lost.
TEST(SkillQueueTest, TimeMayGoBack) {
  Queue queue(near(range(50, 10)));
  queue.add(1, at(60'000), rated(0));
  queue.add(2, at(60'000), rated(100));
  EXPECT_THAT(queue.groups(at(60'000)), IsEmpty());
  EXPECT_THAT(queue.groups(at(1000)), IsEmpty());
  EXPECT_THAT(queue.groups(at(65'000)), ElementsAre(ElementsAre(1, 2)));
}

}  // namespace
}  // namespace peer_skill::test
