#include "core/limit/token_bucket.h"

#include <gtest/gtest.h>

#include <limits>

namespace peer {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{milliseconds(1'000'000)};

int acquire_until_refused(TokenBucket& bucket, RateLimit limit, Time now) {
  int acquired = 0;
  while (acquired < 1'000'000 && bucket.try_acquire(limit, now)) ++acquired;
  return acquired;
}

TEST(TokenBucketTest, StartsFull) {
  const RateLimit limit{10, 7};
  TokenBucket bucket(limit, kStart);
  EXPECT_EQ(acquire_until_refused(bucket, limit, kStart), 7);
}

TEST(TokenBucketTest, OneThatNoLimitHasMetIsFullWheneverThatIs) {
  const RateLimit limit{10, 7};
  for (const Time now : {Time(), kStart}) {
    TokenBucket bucket;
    EXPECT_EQ(acquire_until_refused(bucket, limit, now), 7);
  }
}

TEST(TokenBucketTest, AFractionOfATokenIsKept) {
  const RateLimit limit{3, 2};  // one in 333 1/3 ms
  TokenBucket bucket(limit, kStart);
  EXPECT_TRUE(bucket.try_acquire(limit, kStart, 2));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart + 333ms));
  EXPECT_TRUE(bucket.try_acquire(limit, kStart + 334ms));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart + 666ms));
  EXPECT_TRUE(bucket.try_acquire(limit, kStart + 667ms));
}

TEST(TokenBucketTest, AskingEveryMillisecondLosesNothingOfASlowRate) {
  const RateLimit limit{1, 1};
  TokenBucket bucket(limit, kStart);
  int acquired = 0;
  for (milliseconds passed = 0ms; passed <= 10s; ++passed) {
    acquired += bucket.try_acquire(limit, kStart + passed) ? 1 : 0;
  }
  EXPECT_EQ(acquired, 11);
}

TEST(TokenBucketTest, NeverHoldsMoreThanItsBurst) {
  const RateLimit limit{1000, 5};
  TokenBucket bucket(limit, kStart);
  EXPECT_EQ(acquire_until_refused(bucket, limit, kStart + 1h), 5);
}

TEST(TokenBucketTest, TakesAllOfACountOrNothing) {
  const RateLimit limit{10, 10};
  TokenBucket bucket(limit, kStart);
  EXPECT_FALSE(bucket.try_acquire(limit, kStart, 11));
  EXPECT_TRUE(bucket.try_acquire(limit, kStart, 6));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart, 5));
  EXPECT_TRUE(bucket.try_acquire(limit, kStart, 4));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart));
}

TEST(TokenBucketTest, AClockThatGoesBackNeitherGivesNorTakes) {
  const RateLimit limit{10, 1};
  TokenBucket bucket(limit, kStart);
  EXPECT_TRUE(bucket.try_acquire(limit, kStart));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart - 5ms));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart + 99ms));
  EXPECT_TRUE(bucket.try_acquire(limit, kStart + 100ms));
}

TEST(TokenBucketTest, GoingBackAndForthEarnsTheTimeBetweenOnlyOnce) {
  const RateLimit limit{10, 100};
  TokenBucket bucket(limit, kStart);
  EXPECT_EQ(acquire_until_refused(bucket, limit, kStart), 100);
  EXPECT_EQ(acquire_until_refused(bucket, limit, kStart + 100ms), 1);
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(bucket.try_acquire(limit, kStart));
    EXPECT_FALSE(bucket.try_acquire(limit, kStart + 100ms));
  }
}

TEST(TokenBucketTest, WithoutARateNothingComesBack) {
  const RateLimit limit{0, 1};
  TokenBucket bucket(limit, kStart);
  EXPECT_TRUE(bucket.try_acquire(limit, kStart));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart + 24h));
}

TEST(TokenBucketTest, ALowerLimitAppliesAtOnce) {
  TokenBucket bucket({10, 100}, kStart);
  EXPECT_EQ(acquire_until_refused(bucket, {10, 3}, kStart), 3);
}

TEST(TokenBucketTest, AnyRateSurvivesAnyGap) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  const RateLimit limit{kMost, kMost};
  TokenBucket bucket(limit, kStart);
  EXPECT_TRUE(bucket.try_acquire(limit, kStart, kMost));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart));
  EXPECT_TRUE(bucket.try_acquire(limit, kStart + 24h * 365 * 200, kMost));
}

TEST(TokenBucketTest, WasLastUsedAtTheLatestTimeThatItWasAsked) {
  const RateLimit limit{10, 1};
  TokenBucket bucket(limit, kStart);
  EXPECT_EQ(bucket.last_used(), kStart);
  EXPECT_TRUE(bucket.try_acquire(limit, kStart + 2s));
  EXPECT_FALSE(bucket.try_acquire(limit, kStart + 1s));
  EXPECT_EQ(bucket.last_used(), kStart + 2s);
}

}  // namespace
}  // namespace peer
