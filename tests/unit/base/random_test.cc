#include "core/base/random.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

namespace peer {
namespace {

TEST(RandomHexTest, HasTwoDigitsForEachByte) {
  EXPECT_EQ(random_hex(0), "");
  EXPECT_EQ(random_hex(1).size(), 2U);
  EXPECT_EQ(random_hex(16).size(), 32U);
  EXPECT_EQ(random_hex(1000).size(), 2000U);
}

TEST(RandomHexTest, EachOfThe16LowerCaseDigitsOccursAndNothingElse) {
  const std::string text = random_hex(4096);
  EXPECT_EQ(std::set<char>(text.begin(), text.end()),
            (std::set<char>{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd',
                            'e', 'f'}));
}

TEST(RandomHexTest, DoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(random_hex(16));
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(RandomHexTest, ThreadsDoNotShareTheirReserves) {
  std::string other;
  std::thread([&other] { other = random_hex(16); }).join();
  EXPECT_NE(random_hex(16), other);
}

}  // namespace
}  // namespace peer
