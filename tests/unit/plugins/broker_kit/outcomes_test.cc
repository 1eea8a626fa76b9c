#include "plugins/broker_kit/outcomes.h"

#include <gmock/gmock.h>

#include <vector>

namespace peer_broker_kit {
namespace {

using peer::sdk::RouteOutcome;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Way = Outcomes::Way;

class OutcomesTest : public testing::Test {
 protected:
  std::uint64_t add() {
    return outcomes_.add([this](RouteOutcome outcome) { told_.push_back(outcome); }, now_);
  }

  Time now_{std::chrono::hours(1)};
  std::vector<RouteOutcome> told_;
  Outcomes outcomes_;
};

TEST_F(OutcomesTest, ASenderIsToldOnce) {
  const std::uint64_t number = add();
  outcomes_.hear(number, RouteOutcome::kDelivered);
  outcomes_.hear(number, RouteOutcome::kForbidden);
  outcomes_.settle(number, RouteOutcome::kNotFound);
  EXPECT_THAT(told_, ElementsAre(RouteOutcome::kDelivered));
}

TEST_F(OutcomesTest, OneNodeThatWasAskedAndDoesNotHaveItIsEnough) {
  const std::uint64_t number = add();
  outcomes_.note_way(number, Way::kOneNode);
  outcomes_.hear(number, RouteOutcome::kNotFound);
  EXPECT_THAT(told_, ElementsAre(RouteOutcome::kNotFound));
}

TEST_F(OutcomesTest, OfAllNodesOneThatDoesNotHaveItSaysNothing) {
  const std::uint64_t number = add();
  outcomes_.note_way(number, Way::kAllNodes);
  outcomes_.hear(number, RouteOutcome::kNotFound);
  EXPECT_THAT(told_, IsEmpty());
  outcomes_.hear(number, RouteOutcome::kDelivered);
  EXPECT_THAT(told_, ElementsAre(RouteOutcome::kDelivered));
}

TEST_F(OutcomesTest, ANodeMayAnswerBeforeItIsKnownHowManyWereAsked) {
  const std::uint64_t one = add();
  const std::uint64_t all = add();
  outcomes_.hear(one, RouteOutcome::kNotFound);
  outcomes_.hear(all, RouteOutcome::kNotFound);
  EXPECT_THAT(told_, IsEmpty());
  outcomes_.note_way(all, Way::kAllNodes);
  outcomes_.note_way(one, Way::kOneNode);
  EXPECT_THAT(told_, ElementsAre(RouteOutcome::kNotFound));
}

TEST_F(OutcomesTest, WhoWaitsTooLongHearsThatNothingCanBeKnown) {
  add();
  now_ += milliseconds(1);
  add();
  outcomes_.expire(now_ + Outcomes::kDeadline - milliseconds(1));
  EXPECT_THAT(told_, ElementsAre(RouteOutcome::kUnavailable));
  outcomes_.expire(now_ + Outcomes::kDeadline);
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(OutcomesTest, TheOldestOfTooManyHearsThatNothingCanBeKnown) {
  for (std::size_t i = 0; i < Outcomes::kMax + 3; ++i) add();
  outcomes_.expire(now_);
  EXPECT_EQ(told_.size(), 3U);
}

TEST_F(OutcomesTest, WhatIsReleasedIsToldBySomebodyElse) {
  const std::uint64_t number = add();
  const Outcomes::Reply reply = outcomes_.release(number);
  outcomes_.settle(number, RouteOutcome::kUnavailable);
  EXPECT_THAT(told_, IsEmpty());
  reply(RouteOutcome::kDelivered);
  EXPECT_THAT(told_, ElementsAre(RouteOutcome::kDelivered));
  EXPECT_FALSE(outcomes_.release(number));
}

TEST_F(OutcomesTest, NumbersOfNobodyAreIgnored) {
  outcomes_.hear(0, RouteOutcome::kDelivered);
  outcomes_.hear(7, RouteOutcome::kNotFound);
  outcomes_.note_way(7, Way::kOneNode);
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace peer_broker_kit
