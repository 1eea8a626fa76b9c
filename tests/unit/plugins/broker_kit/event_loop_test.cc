#include "plugins/broker_kit/event_loop.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <string>
#include <string_view>

namespace peer_broker_kit {
namespace {

TEST(EventLoop, WhatATaskThrowsIsReportedAndTheNextOneRuns) {
  EventLoop loop;
  std::string reported;
  std::promise<void> ran;
  loop.at_exception([&](std::string_view what) {
    reported += what;
    throw std::runtime_error("nor does this end the thread");
  });
  loop.post([] { throw std::runtime_error("no memory;"); });
  loop.post([] { throw 1; });
  loop.post([&] {
    loop.run_at(Clock::now(), [] { throw std::runtime_error(";a timer"); });
    loop.run_at(Clock::now(), [&] { ran.set_value(); });
  });
  loop.start();
  ASSERT_EQ(ran.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  loop.stop();
  EXPECT_EQ(reported, "no memory;an exception of an unknown kind;a timer");
}

// The tasks of its round have run by then, and no other thread wakes the loop for it.
TEST(EventLoop, WhatATimerPostsRunsInTheNextRound) {
  EventLoop loop;
  std::promise<void> ran;
  loop.post([&] { loop.run_at(Clock::now(), [&] { loop.post([&] { ran.set_value(); }); }); });
  loop.start();
  EXPECT_EQ(ran.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  loop.stop();
}

TEST(EventLoop, EachTaskThatAnotherThreadPostsWakesIt) {
  EventLoop loop;
  loop.start();
  for (int i = 0; i < 1000; ++i) {
    std::promise<void> ran;
    loop.post([&] { ran.set_value(); });
    ASSERT_EQ(ran.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
  loop.stop();
}

}  // namespace
}  // namespace peer_broker_kit
