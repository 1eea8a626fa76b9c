#include "core/log/repeat_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/base/log.h"

namespace peer {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

class Recorder final : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override { lines.push_back(message.getText()); }
  std::vector<std::string> lines;
};

class RepeatFilterTest : public testing::Test {
 protected:
  void log(int times, const std::string& text,
           Poco::Message::Priority priority = Poco::Message::PRIO_WARNING) {
    for (int i = 0; i < times; ++i) filter_->log({"peer", text, priority});
  }

  Poco::AutoPtr<Recorder> recorder_{new Recorder};
  Poco::AutoPtr<RepeatFilter> filter_{new RepeatFilter(recorder_)};
};

TEST_F(RepeatFilterTest, AFloodOfOneWarningIsShownAFewTimesAndThenCounted) {
  log(1234, "full");
  EXPECT_THAT(recorder_->lines, SizeIs(RepeatFilter::kShown));
  EXPECT_THAT(recorder_->lines, Each("full"));
  recorder_->lines.clear();
  filter_->sum_up(steady_now());
  EXPECT_THAT(recorder_->lines, ElementsAre());
  filter_->sum_up(steady_now() + 2 * RepeatFilter::kWindow);
  EXPECT_THAT(recorder_->lines, ElementsAre("1229 more in 10 s: full"));
  log(1, "full");
  EXPECT_EQ(recorder_->lines.back(), "full");
}

TEST_F(RepeatFilterTest, SoIsOneOfNotices) {
  log(7, "limited", Poco::Message::PRIO_NOTICE);
  EXPECT_THAT(recorder_->lines, SizeIs(RepeatFilter::kShown));
}

TEST_F(RepeatFilterTest, EveryChangeIsShown) {
  Poco::Message message("peer", "server API: bans for 60 s", Poco::Message::PRIO_NOTICE);
  message.set(kEveryLine, "");
  for (std::uint64_t i = 0; i < 3 * RepeatFilter::kShown; ++i) filter_->log(message);
  EXPECT_THAT(recorder_->lines, SizeIs(3 * RepeatFilter::kShown));
}

TEST_F(RepeatFilterTest, WhatClientsCauseIsShownOnceAndThenCounted) {
  Poco::Message message("peer", "refused", Poco::Message::PRIO_WARNING);
  message.set(kCountedLine, "");
  for (int i = 0; i < 3; ++i) filter_->log(message);
  EXPECT_THAT(recorder_->lines, ElementsAre("refused"));
  filter_->sum_up(steady_now() + 2 * RepeatFilter::kWindow);
  EXPECT_EQ(recorder_->lines.back(), "2 more in 10 s: refused");
  filter_->log(message);
  EXPECT_EQ(recorder_->lines.back(), "refused");
}

TEST_F(RepeatFilterTest, AFewAreNotSummedUp) {
  log(5, "now and then");
  filter_->sum_up(kNever);
  EXPECT_THAT(recorder_->lines, SizeIs(5));
}

TEST_F(RepeatFilterTest, OtherWordsAreOtherLines) {
  log(6, "a");
  log(2, "b");
  EXPECT_THAT(recorder_->lines, ElementsAre("a", "a", "a", "a", "a", "b", "b"));
}

TEST_F(RepeatFilterTest, WhatIsNoWarningPasses) {
  log(20, "listening", Poco::Message::PRIO_INFORMATION);
  log(20, "registered", Poco::Message::PRIO_DEBUG);
  EXPECT_THAT(recorder_->lines, SizeIs(40));
}

TEST_F(RepeatFilterTest, RemembersSoManyLinesAndLetsTheRestPass) {
  for (std::size_t i = 0; i < RepeatFilter::kMost; ++i) log(1, std::to_string(i));
  recorder_->lines.clear();
  log(20, "one too many");
  EXPECT_THAT(recorder_->lines, SizeIs(20));
}

}  // namespace
}  // namespace peer
