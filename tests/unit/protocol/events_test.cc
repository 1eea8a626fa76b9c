#include "core/protocol/events.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace peer {
namespace {

constexpr sdk::Instant kNow{std::chrono::milliseconds(1'750'000'000'000)};

class EventsTest : public testing::Test {
 protected:
  EventsTest() {
    events_.use_taker([this] { ++woken_; });
  }

  Events events_;
  int woken_ = 0;
};

TEST_F(EventsTest, NothingIsWantedUntilSomebodyAsksForIt) {
  EXPECT_FALSE(events_.wanted(EventKind::kRegister));
  events_.want(set_of(EventKind::kRoom) | set_of(EventKind::kBan));
  EXPECT_TRUE(events_.wanted(EventKind::kRoom));
  EXPECT_TRUE(events_.wanted(EventKind::kBan));
  EXPECT_FALSE(events_.wanted(EventKind::kMatch));
  events_.want(0);
  EXPECT_FALSE(events_.wanted(EventKind::kRoom));
}

TEST_F(EventsTest, EachKindHasAWordOfItsOwn) {
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    EXPECT_EQ(parse_event_kind(to_text(kind)), kind);
    EXPECT_NE(kAllEvents & set_of(kind), 0U);
  }
  EXPECT_EQ(parse_event_kind("registers"), std::nullopt);
  EXPECT_EQ(parse_event_kind(""), std::nullopt);
}

TEST_F(EventsTest, TheTakerIsWokenOnceForAllThatWaits) {
  events_.tell(EventKind::kJoin, R"("a":1)", kNow);
  events_.tell(EventKind::kLeave, R"("a":2)", kNow);
  EXPECT_EQ(woken_, 1);
  const Events::Taken taken = events_.take();
  ASSERT_EQ(taken.events.size(), 2U);
  EXPECT_EQ(taken.events[0].kind, EventKind::kJoin);
  EXPECT_EQ(event_json(taken.events[1], "0123456789abcdef"),
            R"({"a":2,"node":"0123456789abcdef","ts":1750000000000})");
  EXPECT_EQ(taken.lost, 0U);
  events_.tell(EventKind::kJoin, R"("a":3)", kNow);
  EXPECT_EQ(woken_, 2);
}

TEST_F(EventsTest, WhatDoesNotFitIsLostAndCounted) {
  for (std::size_t i = 0; i < Events::kMostWaiting + 3; ++i) {
    events_.tell(EventKind::kJoin, R"("a":1)", kNow);
  }
  Events::Taken taken = events_.take();
  EXPECT_EQ(taken.events.size(), Events::kMostWaiting);
  EXPECT_EQ(taken.lost, 3U);
  const std::string large(Events::kMostBytes / 2, 'x');
  for (int i = 0; i < 4; ++i) events_.tell(EventKind::kJoin, large, kNow);
  taken = events_.take();
  EXPECT_EQ(taken.events.size(), 2U);
  EXPECT_EQ(taken.lost, 2U);
}

// So that the count of what is lost stands where it was lost.
TEST_F(EventsTest, NothingFollowsWhatWasLost) {
  events_.tell(EventKind::kJoin, std::string(Events::kMostBytes + 1, 'x'), kNow);
  events_.tell(EventKind::kJoin, R"("a":1)", kNow);
  EXPECT_EQ(woken_, 1);
  const Events::Taken taken = events_.take();
  EXPECT_TRUE(taken.events.empty());
  EXPECT_EQ(taken.lost, 2U);
}

TEST_F(EventsTest, SeveralThreadsTellAndNoneIsLost) {
  std::atomic<int> woken{0};
  events_.use_taker([&woken] { ++woken; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 1000; ++n) events_.tell(EventKind::kJoin, R"("a":1)", kNow);
    });
  }
  std::size_t taken = 0;
  while (taken < 4000) taken += events_.take().events.size();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 4000U);
  EXPECT_GE(woken, 1);
}

}  // namespace
}  // namespace peer
