#include "core/plugin/core_host.h"

#include <Poco/AutoPtr.h>
#include <Poco/Logger.h>
#include <gmock/gmock.h>

#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/plugin/logged_lines.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CoreHostTest : public testing::Test {
 protected:
  CoreHostTest() { Poco::Logger::get("peer").setChannel(log_); }
  ~CoreHostTest() override { Poco::Logger::get("peer").setChannel(nullptr); }

  Poco::AutoPtr<test::LoggedLines> log_{new test::LoggedLines};
  PluginCalls calls_{"auth", "test"};
  CoreHost host_{calls_};
};

TEST_F(CoreHostTest, TasksRunInTheOrderOfTheirPostsOnOneOtherThread) {
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(host_.post([&, i] {
      order.push_back(i);
      threads.push_back(std::this_thread::get_id());
    }));
  }
  host_.stop();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(threads, testing::Each(threads.front()));
  EXPECT_NE(threads.front(), std::this_thread::get_id());
}

TEST_F(CoreHostTest, ATaskThatThrowsIsLoggedAndTheNextRuns) {
  bool ran = false;
  host_.post([] { throw std::runtime_error("a bad day"); });
  host_.post([&] { ran = true; });
  host_.stop();
  EXPECT_TRUE(ran);
  EXPECT_THAT(log_->lines(), ElementsAre("plugin auth 'test': task: a bad day"));
  EXPECT_EQ(calls_.counts().errors, 1U);
}

TEST_F(CoreHostTest, ATaskMayTakeItsTime) {
  PluginCalls calls("auth", "test", std::chrono::milliseconds(0));
  CoreHost host(calls);
  host.post([] {});
  host.stop();
  EXPECT_EQ(calls.counts().slow, 0U);
}

TEST_F(CoreHostTest, WhatIsTooManyIsRefused) {
  std::promise<void> go;
  std::promise<void> started;
  host_.post([&] {
    started.set_value();
    go.get_future().wait();
  });
  started.get_future().wait();
  std::size_t taken = 0;
  while (taken <= CoreHost::kMostTasks && host_.post([] {})) ++taken;
  EXPECT_EQ(taken, CoreHost::kMostTasks);
  go.set_value();
  host_.stop();
}

TEST_F(CoreHostTest, StopCallsTheHookAndThenRunsWhatWasPosted) {
  std::vector<std::string> order;
  host_.on_stop([&] {
    order.emplace_back("hook");
    host_.post([&] { order.emplace_back("task"); });
  });
  ASSERT_TRUE(host_.start(false));
  host_.stop();
  EXPECT_THAT(order, ElementsAre("hook", "task"));
  EXPECT_FALSE(host_.post([] {}));
}

TEST_F(CoreHostTest, WhatWasNotStartedIsNotStopped) {
  bool stopped = false;
  host_.on_stop([&] { stopped = true; });
  host_.stop();
  EXPECT_FALSE(stopped);
}

TEST_F(CoreHostTest, AStartThatFailsOrThrowsSaysSo) {
  host_.on_start([]() -> sdk::Result<void> { return sdk::Error{"no licence"}; });
  EXPECT_EQ(host_.start(false).error().message, "no licence");
  host_.on_start([]() -> sdk::Result<void> { throw std::runtime_error("disk on fire"); });
  EXPECT_FALSE(host_.start(false));
  EXPECT_THAT(log_->lines(), ElementsAre("plugin auth 'test': on_start: disk on fire"));
}

TEST_F(CoreHostTest, AReloadIsHeardOnThePluginsThread) {
  std::thread::id thread;
  host_.on_reload([&] { thread = std::this_thread::get_id(); });
  host_.reload();
  host_.stop();
  EXPECT_NE(thread, std::thread::id());
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(CoreHostTest, ACounterIsOneForItsName) {
  host_.counter("tokens", "Tokens\nseen.").add(2);
  host_.counter("tokens", "other words").add();
  const std::vector<PluginCounter> counters = host_.counters();
  ASSERT_THAT(counters, SizeIs(1));
  EXPECT_EQ(counters[0].name, "tokens");
  EXPECT_EQ(counters[0].help, "Tokens seen.");
  EXPECT_EQ(counters[0].value, 3U);
}

TEST_F(CoreHostTest, ANameThatWillNotDoIsCountedAndNotShown) {
  for (const char* name : {"", "Tokens", "a b", "a-b", "calls", "slow_calls", "\xff"}) {
    host_.counter(name, "help").add();
  }
  host_.counter(std::string(65, 'a'), "help").add();
  EXPECT_THAT(host_.counters(), IsEmpty());
  EXPECT_THAT(log_->lines().front(), HasSubstr("plugin auth 'test': a counter is not shown"));
}

TEST_F(CoreHostTest, CountersAreBounded) {
  for (int i = 0; i < 100; ++i) host_.counter("n" + std::to_string(i), "help").add();
  EXPECT_THAT(host_.counters(), SizeIs(CoreHost::kMostCounters));
}

TEST_F(CoreHostTest, JsonIsReadWithinBounds) {
  EXPECT_EQ(*host_.parse_json(R"({"a":[1]})")->find("a")->as_list()->front().as_number(), 1);
  for (const std::string& bad :
       {std::string("{"), std::string(R"({"a":1,"a":2})"),
        std::string(65, '[') + std::string(65, ']'), '"' + std::string(1024 * 1024, 'x') + '"'}) {
    EXPECT_FALSE(host_.parse_json(bad)) << bad.substr(0, 80);
  }
}

}  // namespace
}  // namespace peer
