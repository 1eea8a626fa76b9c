#include "core/base/unique_task.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace peer {
namespace {

TEST(UniqueTaskTest, RunsWhatItHoldsAsOftenAsItIsCalled) {
  int sum = 0;
  UniqueTask<void(int)> task([&sum](int more) { sum += more; });
  task(2);
  task(3);
  EXPECT_EQ(sum, 5);
}

TEST(UniqueTaskTest, HoldsWhatCannotBeCopied) {
  int seen = 0;
  UniqueTask<void()> task([&seen, value = std::make_unique<int>(7)] { seen = *value; });
  UniqueTask<void()> moved = std::move(task);
  moved();
  EXPECT_EQ(seen, 7);
  EXPECT_FALSE(task);  // NOLINT(bugprone-use-after-move): that is what is tested
}

TEST(UniqueTaskTest, LetsGoOfWhatItHeldHoweverLargeThatIs) {
  const auto small = std::make_shared<int>();
  const auto large = std::make_shared<int>();
  {
    UniqueTask<void()> first([small] {});
    const UniqueTask<void()> second([large, room = std::array<char, 200>()] { (void)room; });
    EXPECT_EQ(small.use_count(), 2);
    EXPECT_EQ(large.use_count(), 2);
    first = UniqueTask<void()>();
    EXPECT_EQ(small.use_count(), 1);
  }
  EXPECT_EQ(large.use_count(), 1);
}

TEST(UniqueTaskTest, AFunctionTakesThePlaceOfTheOneBefore) {
  const auto before = std::make_shared<int>();
  UniqueTask<void(int&)> task([before](int& seen) { seen = 1; });
  task = [](int& seen) { seen = 2; };
  EXPECT_EQ(before.use_count(), 1);
  int seen = 0;
  task(seen);
  EXPECT_EQ(seen, 2);
  task = [before, room = std::array<char, 200>()](int& out) {
    out = static_cast<int>(room.size());
  };
  task(seen);
  EXPECT_EQ(seen, 200);
}

TEST(UniqueTaskTest, HoldsAsManyWordsAsItIsTold) {
  const std::array<char, 80> large{};
  const auto held = std::make_shared<int>();
  UniqueTask<void(int&), 16> task(
      [large, held](int& seen) { seen = static_cast<int>(large.size()); });
  UniqueTask<void(int&), 16> moved = std::move(task);
  int seen = 0;
  moved(seen);
  EXPECT_EQ(seen, 80);
  EXPECT_EQ(held.use_count(), 2);
}

TEST(UniqueTaskTest, PassesOnWhatCannotBeCopied) {
  std::unique_ptr<int> got;
  UniqueTask<void(std::unique_ptr<int>)> task(
      [&got](std::unique_ptr<int> value) { got = std::move(value); });
  task(std::make_unique<int>(3));
  EXPECT_EQ(*got, 3);
}

}  // namespace
}  // namespace peer
