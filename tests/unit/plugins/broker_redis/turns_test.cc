#include "turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace peer_redis {
namespace {

using testing::ElementsAre;

constexpr std::size_t kNothingAsked = 99;
constexpr std::size_t kMostOfOne = std::size_t{1} << 20;

class TurnsTest : public testing::Test {
 protected:
  void say(std::size_t part, bool is_broadcast, std::string name, std::size_t size = 1) {
    if (turns_.goes_at_once(sender_, part, is_broadcast, now_)) {
      sent_.push_back(name);
      return;
    }
    turns_.wait(sender_, {part, is_broadcast, size, [this, name] { sent_.push_back(name); },
                          [this, name] { sent_.push_back("not " + name); }});
  }
  /// The oldest question has its answer. Returns of which part it was.
  std::size_t confirm() {
    if (asked_.empty()) return kNothingAsked;
    const auto asked = std::move(asked_.front());
    asked_.erase(asked_.begin());
    asked.second();
    return asked.first;
  }

  Time now_ = Clock::now();
  Fingerprint sender_{};
  std::vector<std::string> sent_;
  std::vector<std::pair<std::size_t, Task>> asked_;
  bool confirms_at_once_ = false;
  Turns turns_{[this](const Fingerprint&, std::size_t part, Task then) {
    if (confirms_at_once_) return then();
    asked_.emplace_back(part, std::move(then));
  }};
};

TEST_F(TurnsTest, ABroadcastWaitsForWhatHasGoneByOtherParts) {
  say(0, false, "to ann");
  say(1, false, "to bob");
  say(2, true, "to all");
  EXPECT_THAT(sent_, ElementsAre("to ann", "to bob"));
  EXPECT_EQ(confirm(), 0U);
  EXPECT_EQ(sent_.size(), 2U);
  EXPECT_EQ(confirm(), 1U);
  EXPECT_THAT(sent_, ElementsAre("to ann", "to bob", "to all"));
}

TEST_F(TurnsTest, WhatFollowsABroadcastByAnotherPartWaitsForItAndTheRestBehindThat) {
  say(0, true, "to all");
  say(0, false, "to ann");
  say(1, false, "to bob");
  say(0, false, "to ann again");
  EXPECT_THAT(sent_, ElementsAre("to all", "to ann"));
  EXPECT_EQ(confirm(), 0U);
  EXPECT_THAT(sent_, ElementsAre("to all", "to ann", "to bob", "to ann again"));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(TurnsTest, MessagesToSeveralReceiversDoNotWaitForEachOther) {
  for (std::size_t part = 0; part < 3; ++part) say(part, false, std::to_string(part));
  EXPECT_THAT(sent_, ElementsAre("0", "1", "2"));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(TurnsTest, WhatHasGoneTwoSecondsAgoIsNotWaitedFor) {
  say(0, true, "to all");
  now_ += std::chrono::milliseconds(1999);
  say(1, false, "to ann");
  EXPECT_THAT(sent_, ElementsAre("to all"));
  sender_.bytes[0] = 1;
  say(0, true, "to all of others");
  now_ += std::chrono::seconds(2);
  say(1, false, "to bob");
  EXPECT_THAT(sent_, ElementsAre("to all", "to all of others", "to bob"));
}

TEST_F(TurnsTest, ABroadcastThatIsLongOverDoesNotCountWithALaterMessageByItsPart) {
  say(0, true, "to all");
  now_ += std::chrono::seconds(2);
  say(0, false, "to ann");
  say(1, false, "to bob");
  EXPECT_THAT(sent_, ElementsAre("to all", "to ann", "to bob"));
}

TEST_F(TurnsTest, WhatIsTooMuchToWaitIsGivenUp) {
  say(0, true, "to all");
  say(1, false, "most", kMostOfOne);
  say(1, false, "more");
  EXPECT_THAT(sent_, ElementsAre("to all", "not more"));
  EXPECT_EQ(turns_.waiting_bytes(), kMostOfOne);
  confirm();
  EXPECT_THAT(sent_, ElementsAre("to all", "not more", "most"));
  EXPECT_EQ(turns_.waiting_bytes(), 0U);
}

TEST_F(TurnsTest, OneSenderLeavesRoomToTheOthers) {
  for (std::uint8_t i = 1; i <= 5; ++i) {
    sender_.bytes[0] = i;
    say(0, true, "to all");
    say(1, false, "most of " + std::to_string(i), kMostOfOne);
  }
  EXPECT_EQ(sent_.back(), "not most of 5");
  EXPECT_EQ(turns_.waiting_bytes(), 4 * kMostOfOne);
}

// With one node, say: each message leads to a question that has its answer at once.
TEST_F(TurnsTest, AnswersThatComeAtOnceTakeNoStack) {
  constexpr std::size_t kMany = 100'000;
  say(0, true, "first");
  for (std::size_t i = 0; i < kMany; ++i) say(1 + i % 2, true, "");
  EXPECT_EQ(sent_.size(), 1U);
  confirms_at_once_ = true;
  confirm();
  EXPECT_EQ(sent_.size(), kMany + 1);
}

TEST_F(TurnsTest, WhatIsGivenUpLeavesNothingBehind) {
  say(0, true, "first");
  say(1, true, "second");
  turns_.give_up_all();
  EXPECT_THAT(sent_, ElementsAre("first", "not second"));
  EXPECT_EQ(turns_.waiting_bytes(), 0U);
  say(1, true, "third");
  say(0, true, "fourth");
  confirm();  // the question of the second
  EXPECT_THAT(sent_, ElementsAre("first", "not second", "third"));
  confirm();
  EXPECT_EQ(sent_.back(), "fourth");
}

}  // namespace
}  // namespace peer_redis
