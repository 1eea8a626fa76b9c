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

class TurnsTest : public testing::Test {
 protected:
  void say(std::size_t part, bool is_broadcast, std::string name, std::size_t size = 1) {
    turns_.say(sender_, {part, is_broadcast, size, [this, name] { sent_.push_back(name); },
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

  const Fingerprint sender_{};
  std::vector<std::string> sent_;
  std::vector<std::pair<std::size_t, Task>> asked_;
  Turns turns_{[this](const Fingerprint&, std::size_t part, Task then) {
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

TEST_F(TurnsTest, WhatIsTooMuchToWaitIsGivenUp) {
  say(0, true, "to all");
  say(1, false, "most", std::size_t{4} << 20);
  say(1, false, "more");
  EXPECT_THAT(sent_, ElementsAre("to all", "not more"));
  EXPECT_EQ(turns_.waiting_bytes(), std::size_t{4} << 20);
  confirm();
  EXPECT_THAT(sent_, ElementsAre("to all", "not more", "most"));
  EXPECT_EQ(turns_.waiting_bytes(), 0U);
}

}  // namespace
}  // namespace peer_redis
