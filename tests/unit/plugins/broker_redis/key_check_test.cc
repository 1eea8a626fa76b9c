#include "key_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace peer_redis {
namespace {

TEST(KeyCheckTest, AllMembershipsOfAPeerAreLookedAtInAsFewTurnsAsHoldThem) {
  for (const std::size_t count : {0U, 1U, 255U, 256U, 257U, 511U, 512U, 513U, 1000U}) {
    const std::size_t pieces = (count + kMembershipsAtATime - 1) / kMembershipsAtATime;
    std::vector<bool> seen(count);
    for (std::uint64_t turn = 7; turn < 7 + pieces; ++turn) {
      const std::size_t first = first_looked_at(count, turn);
      const std::size_t end = first + std::min(count, kMembershipsAtATime);
      ASSERT_LE(end, count);
      for (std::size_t i = first; i < end; ++i) seen[i] = true;
    }
    EXPECT_EQ(std::find(seen.begin(), seen.end(), false), seen.end()) << count;
  }
}

}  // namespace
}  // namespace peer_redis
