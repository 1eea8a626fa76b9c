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

}  // namespace
}  // namespace peer_broker_kit
