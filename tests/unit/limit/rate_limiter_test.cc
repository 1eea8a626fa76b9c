#include "core/limit/rate_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace peer {
namespace {

using namespace std::chrono_literals;

const Fingerprint kAlice = fingerprint_of("alice");
const Fingerprint kBob = fingerprint_of("bob");

// One in 100 ms, three saved up.
class RateLimiterTest : public testing::Test {
 protected:
  bool try_acquire(const Fingerprint& peer) { return limiter_.try_acquire(peer, limit_, now_); }
  int acquire_until_refused(const Fingerprint& peer) {
    int acquired = 0;
    while (acquired < 1000 && try_acquire(peer)) ++acquired;
    return acquired;
  }
  void advance(milliseconds time) { now_ += time; }

  const RateLimit limit_{10, 3};
  RateLimiter limiter_{32};
  Time now_{milliseconds(5'000'000)};
};

TEST_F(RateLimiterTest, ANewPeerHasItsWholeBurst) { EXPECT_EQ(acquire_until_refused(kAlice), 3); }

TEST_F(RateLimiterTest, TokensComeBackAtTheConfiguredRate) {
  acquire_until_refused(kAlice);
  advance(50ms);
  EXPECT_EQ(acquire_until_refused(kAlice), 0);
  advance(50ms);
  EXPECT_EQ(acquire_until_refused(kAlice), 1);
  advance(250ms);
  EXPECT_EQ(acquire_until_refused(kAlice), 2);
  advance(50ms);
  EXPECT_EQ(acquire_until_refused(kAlice), 1);
}

TEST_F(RateLimiterTest, TokensAreSavedUpToTheBurst) {
  acquire_until_refused(kAlice);
  advance(1h);
  EXPECT_EQ(acquire_until_refused(kAlice), 3);
}

TEST_F(RateLimiterTest, ARefusalTakesNothing) {
  acquire_until_refused(kAlice);
  for (int i = 0; i < 99; ++i) {
    advance(1ms);
    EXPECT_FALSE(try_acquire(kAlice));
  }
  advance(1ms);
  EXPECT_TRUE(try_acquire(kAlice));
}

TEST_F(RateLimiterTest, AClockALittleBehindGivesNothingAndCostsNothing) {
  acquire_until_refused(kAlice);
  advance(-7ms);
  EXPECT_FALSE(try_acquire(kAlice));
  advance(107ms);
  EXPECT_EQ(acquire_until_refused(kAlice), 1);
}

TEST_F(RateLimiterTest, PeersDoNotShareTokens) {
  acquire_until_refused(kAlice);
  EXPECT_EQ(acquire_until_refused(kBob), 3);
}

TEST_F(RateLimiterTest, AForgottenPeerStartsAnew) {
  acquire_until_refused(kAlice);
  acquire_until_refused(kBob);
  limiter_.forget(kAlice);
  EXPECT_EQ(limiter_.size(), 1U);
  EXPECT_EQ(acquire_until_refused(kAlice), 3);
  EXPECT_EQ(acquire_until_refused(kBob), 0);
}

TEST_F(RateLimiterTest, ForgettingAStrangerChangesNothing) {
  acquire_until_refused(kAlice);
  limiter_.forget(kBob);
  EXPECT_EQ(limiter_.size(), 1U);
  EXPECT_FALSE(try_acquire(kAlice));
}

TEST_F(RateLimiterTest, ASweepForgetsWhoWasIdleFor10Minutes) {
  EXPECT_TRUE(try_acquire(kAlice));
  advance(1ms);
  EXPECT_TRUE(try_acquire(kBob));
  advance(10min - 1ms);
  limiter_.sweep(now_);
  EXPECT_EQ(limiter_.size(), 1U);
  advance(1ms);
  limiter_.sweep(now_);
  EXPECT_EQ(limiter_.size(), 0U);
}

TEST_F(RateLimiterTest, ALimitedPeerThatGoesOnAskingIsNotSwept) {
  acquire_until_refused(kAlice);
  advance(9min);
  EXPECT_EQ(acquire_until_refused(kAlice), 3);
  advance(9min);
  limiter_.sweep(now_);
  EXPECT_EQ(limiter_.size(), 1U);
}

// Every value of the bytes that choose the shard, so that each shard has peers and some share one.
TEST(RateLimiterShardsTest, EveryPeerHasItsOwnBucketWhateverTheNumberOfShards) {
  const RateLimit limit{1, 2};
  for (const std::uint32_t shards : {1U, 2U, 32U, 256U, 65536U}) {
    RateLimiter limiter(shards);
    for (unsigned i = 0; i < 1024; ++i) {
      Fingerprint peer;
      peer.bytes[2] = static_cast<std::uint8_t>(i >> 2);
      peer.bytes[3] = static_cast<std::uint8_t>(i * 7);
      peer.bytes[31] = static_cast<std::uint8_t>(i & 3);
      EXPECT_TRUE(limiter.try_acquire(peer, limit, Time{}));
      EXPECT_TRUE(limiter.try_acquire(peer, limit, Time{}));
      ASSERT_FALSE(limiter.try_acquire(peer, limit, Time{})) << shards << " shards, peer " << i;
    }
    EXPECT_EQ(limiter.size(), 1024U);
    limiter.sweep(Time{10min});
    EXPECT_EQ(limiter.size(), 0U) << shards << " shards";
  }
}

TEST(RateLimiterThreadsTest, TogetherThreadsGetNoMoreThanTheBurst) {
  const RateLimit limit{1, 1000};
  RateLimiter limiter(4);
  std::atomic<int> acquired{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int attempt = 0; attempt < 500; ++attempt) {
        acquired += limiter.try_acquire(kAlice, limit, Time{}) ? 1 : 0;
        limiter.sweep(Time{});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(acquired, 1000);
}

}  // namespace
}  // namespace peer
