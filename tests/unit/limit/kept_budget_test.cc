#include "core/limit/kept_budget.h"

#include <gtest/gtest.h>

#include <deque>

// The bound of what all sessions of a loop keep, and who pays for it.
namespace peer {
namespace {

class KeptBudgetTest : public testing::Test {
 protected:
  // Heard at that millisecond, keeping so many bytes.
  MessageKeeper& keeper(int heard, std::size_t bytes = 0) {
    MessageKeeper& added = keepers_.emplace_back();
    budget_.enter(added);
    budget_.heard(added, Time(milliseconds(heard)));
    budget_.change(added, bytes);
    return added;
  }
  MessageKeeper* next() { return budget_.next_to_give_up(); }

  std::deque<MessageKeeper> keepers_;
  KeptBudget budget_;
};

TEST_F(KeptBudgetTest, WithinTheTotalNobodyGivesUp) {
  budget_.set_total(100);
  keeper(1, 60);
  keeper(2, 40);
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(budget_.bytes(), 100U);
}

TEST_F(KeptBudgetTest, TheLongestSilentOfThoseAboveTheirShareGivesUp) {
  budget_.set_total(100);
  keeper(1, 25);
  keeper(3, 40);
  MessageKeeper& silent = keeper(2, 30);
  keeper(4, 20);
  EXPECT_EQ(next(), &silent);
  budget_.change(silent, 0);
  EXPECT_EQ(next(), nullptr);
}

TEST_F(KeptBudgetTest, WhoIsHeardIsNotSilent) {
  budget_.set_total(100);
  MessageKeeper& first = keeper(1, 60);
  MessageKeeper& second = keeper(2, 60);
  EXPECT_EQ(next(), &first);
  budget_.heard(first, Time(milliseconds(3)));
  EXPECT_EQ(next(), &second);
}

TEST_F(KeptBudgetTest, AShareThatShrinksIsNoticed) {
  budget_.set_total(100);
  MessageKeeper& first = keeper(1, 40);
  MessageKeeper& second = keeper(2, 61);
  EXPECT_EQ(next(), &second);
  budget_.change(second, 45);
  EXPECT_EQ(next(), nullptr);
  keeper(3, 20);
  EXPECT_EQ(next(), &first);  // of three, 40 is more than its share
}

TEST_F(KeptBudgetTest, WhoHasEndedIsNotAsked) {
  budget_.set_total(100);
  MessageKeeper& first = keeper(1, 60);
  MessageKeeper& second = keeper(2, 60);
  EXPECT_EQ(next(), &first);
  budget_.leave(first);
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(budget_.bytes(), 60U);
  MessageKeeper& third = keeper(3, 60);
  EXPECT_EQ(next(), &second);
  budget_.leave(second);
  budget_.leave(third);
  EXPECT_EQ(budget_.bytes(), 0U);
  EXPECT_EQ(next(), nullptr);
}

TEST_F(KeptBudgetTest, ManyWhoTalkDoNotTakeWhatTheIdleKeep) {
  budget_.set_total(1'000'000);
  std::vector<MessageKeeper*> idle;
  for (int i = 0; i < 1000; ++i) idle.push_back(&keeper(i, 100));
  std::vector<MessageKeeper*> talking;
  for (int i = 0; i < 4000; ++i) talking.push_back(&keeper(2000 + i));
  int given_up = 0;
  for (int round = 1; round <= 10; ++round) {
    for (MessageKeeper* one : talking) {
      budget_.heard(*one, Time(milliseconds(10'000 + round)));
      budget_.change(*one, one->bytes + 1'000);
      while (MessageKeeper* loser = next()) {
        budget_.change(*loser, 0);
        ++given_up;
      }
      ASSERT_LE(budget_.bytes(), 1'000'000U);
    }
  }
  for (const MessageKeeper* one : idle) EXPECT_EQ(one->bytes, 100U);
  EXPECT_GT(given_up, 30'000);
}

TEST_F(KeptBudgetTest, ASmallerTotalCountsFromTheNextChange) {
  budget_.set_total(100);
  MessageKeeper& only = keeper(1, 80);
  budget_.set_total(50);
  EXPECT_EQ(next(), &only);
}

}  // namespace
}  // namespace peer
