#include "core/base/first_few.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FirstFewTest, KeepsTheFirstInOrderOfAllThatAreOffered) {
  FirstFew<int, std::less<>> few(3, {});
  for (const int value : {5, 1, 9, 3, 7, 2, 8}) few.offer(value);
  EXPECT_FALSE(few.wants(4));
  EXPECT_TRUE(few.wants(0));
  EXPECT_THAT(few.take(), ElementsAre(1, 2, 3));
}

TEST(FirstFewTest, NoneAreKeptOfAnEmptyPage) {
  FirstFew<int, std::less<>> few(0, {});
  few.offer(1);
  EXPECT_THAT(few.take(), IsEmpty());
}

}  // namespace
}  // namespace peer
