#include "core/plugin/plugin_calls.h"

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <gmock/gmock.h>

#include <stdexcept>
#include <thread>
#include <vector>

namespace peer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Keeps what is logged.
class Lines final : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override {
    EXPECT_EQ(message.getPriority(), Poco::Message::PRIO_WARNING);
    lines.push_back(message.getText());
  }
  std::vector<std::string> lines;
};

class PluginCallsTest : public testing::Test {
 protected:
  using Clock = PluginCalls::Clock;

  PluginCallsTest() {
    now_ = Clock::time_point(1h);
    Poco::Logger::get("peer").setChannel(log_);
  }
  ~PluginCallsTest() override { Poco::Logger::get("peer").setChannel(nullptr); }

  void fail(const std::string& why = "no") {
    EXPECT_FALSE(calls_.run("decide", [&] { throw std::runtime_error(why); }));
  }
  const std::vector<std::string>& lines() const { return log_->lines; }

  static Clock::time_point now_;
  const Poco::AutoPtr<Lines> log_{new Lines};
  PluginCalls calls_{"room_policy", "odd", 100ms, [] { return now_; }};
};

PluginCalls::Clock::time_point PluginCallsTest::now_;

TEST_F(PluginCallsTest, OfCallsInARowEachHasItsOwnTime) {
  Clock::time_point at = calls_.begin();
  EXPECT_TRUE(calls_.run(at, "add", [] { now_ += 250ms; }));
  EXPECT_TRUE(calls_.run(at, "form", [] { now_ += 60ms; }));
  EXPECT_FALSE(calls_.run(at, "remove", [] {
    now_ += 60ms;
    throw std::runtime_error("no");
  }));
  EXPECT_EQ(at, now_);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("add: took 250 ms"), HasSubstr("remove: no")));
  EXPECT_EQ(calls_.counts().slow, 1u);
}

TEST_F(PluginCallsTest, AResultComesBack) {
  EXPECT_EQ(calls_.run("decide", [] { return std::string("yes"); }), "yes");
  EXPECT_EQ(calls_.run("decide", [] { return std::make_unique<int>(3); }).value().operator*(), 3);
  EXPECT_EQ(calls_.counts().calls, 2u);
  EXPECT_EQ(calls_.counts().errors, 0u);
}

TEST_F(PluginCallsTest, AVoidCallSaysWhetherItEnded) {
  bool ran = false;
  EXPECT_TRUE(calls_.run("stop", [&] { ran = true; }));
  EXPECT_TRUE(ran);
  EXPECT_FALSE(calls_.run("stop", [] { throw std::runtime_error("no"); }));
}

TEST_F(PluginCallsTest, AnExceptionIsNoResultAndNamesThePlugin) {
  const std::optional<int> result =
      calls_.run("decide", []() -> int { throw std::runtime_error("bad day"); });
  EXPECT_EQ(result, std::nullopt);
  EXPECT_THAT(lines(), ElementsAre("plugin room_policy 'odd': decide: bad day"));
  EXPECT_EQ(calls_.counts().errors, 1u);
}

TEST_F(PluginCallsTest, AnythingElseThrownIsCaughtToo) {
  EXPECT_EQ(calls_.run("decide", []() -> int { throw 42; }), std::nullopt);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("decide: no std::exception")));
}

TEST_F(PluginCallsTest, RepeatedFailuresAreSummedUp) {
  for (int i = 0; i < 1000; ++i) fail();
  EXPECT_THAT(lines(), SizeIs(1));
  now_ += 10s;
  fail();
  EXPECT_THAT(lines(), ElementsAre("plugin room_policy 'odd': decide: no",
                                   "plugin room_policy 'odd': decide: no (1000 times since the "
                                   "last report)"));
  EXPECT_EQ(calls_.counts().errors, 1001u);
}

TEST_F(PluginCallsTest, ACallWithinItsBudgetIsSilent) {
  EXPECT_TRUE(calls_.run("decide", [] { now_ += 100ms; }));
  EXPECT_THAT(lines(), IsEmpty());
  EXPECT_EQ(calls_.counts().slow, 0u);
}

TEST_F(PluginCallsTest, ACallPastItsBudgetIsReported) {
  EXPECT_TRUE(calls_.run("decide", [] { now_ += 250ms; }));
  EXPECT_THAT(lines(), ElementsAre("plugin room_policy 'odd': decide: took 250 ms, budget 100 ms; "
                                   "calls must not block"));
  EXPECT_EQ(calls_.counts().slow, 1u);
}

TEST_F(PluginCallsTest, SlowCallsDoNotHideFailures) {
  EXPECT_TRUE(calls_.run("decide", [] { now_ += 250ms; }));
  fail("bad day");
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("took 250 ms"), HasSubstr("bad day")));
}

TEST_F(PluginCallsTest, AReasonIsOneBoundedLine) {
  fail("two\nlines\x1b[0m" + std::string(5000, 'x'));
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("decide: two lines [0mxxx")));
  EXPECT_LT(lines()[0].size(), 300u);
}

TEST_F(PluginCallsTest, CallsOfManyThreadsAreAllCounted) {
  PluginCalls calls("auth", "busy");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < 1000; ++call) {
        EXPECT_EQ(calls.run("authenticate", [call] { return call; }), call);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls.counts().calls, 4000u);
}

}  // namespace
}  // namespace peer
