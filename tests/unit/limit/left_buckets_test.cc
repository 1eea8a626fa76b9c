#include "core/limit/left_buckets.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace peer {
namespace {

using namespace std::chrono_literals;

const Fingerprint kAlice = fingerprint_of("alice");
const Fingerprint kBob = fingerprint_of("bob");
constexpr RateLimit kLimit{10, 3};
constexpr Time kLeftAt{5'000'000ms};

TokenBucket bucket_with(int tokens, Time now = kLeftAt) {
  return TokenBucket(TokenBucket::Level{tokens * 1000, 0ms}, now);
}

int tokens_in(TokenBucket bucket) {
  int tokens = 0;
  while (bucket.try_acquire(kLimit, kLeftAt)) ++tokens;
  return tokens;
}

TEST(LeftBucketsTest, ABucketThatWasLeftIsTakenOnceAsItWas) {
  LeftBuckets buckets(32);
  buckets.leave(kAlice, bucket_with(1));
  buckets.leave(kBob, bucket_with(2));
  const auto taken = buckets.take(kAlice);
  ASSERT_TRUE(taken);
  EXPECT_EQ(tokens_in(*taken), 1);
  EXPECT_FALSE(buckets.take(kAlice));
  EXPECT_EQ(tokens_in(buckets.take(kBob).value()), 2);
}

TEST(LeftBucketsTest, OfTwoBucketsTheLaterOneCounts) {
  LeftBuckets buckets(32);
  buckets.leave(kAlice, bucket_with(3));
  buckets.leave(kAlice, bucket_with(0));
  EXPECT_EQ(tokens_in(buckets.take(kAlice).value()), 0);
}

TEST(LeftBucketsTest, NobodyFindsWhatWasNotLeft) { EXPECT_FALSE(LeftBuckets(1).take(kAlice)); }

TEST(LeftBucketsTest, ASweepForgetsWhatWasNotUsedFor10Minutes) {
  LeftBuckets buckets(32);
  buckets.leave(kAlice, bucket_with(1, kLeftAt));
  buckets.leave(kBob, bucket_with(1, kLeftAt + 1ms));
  buckets.sweep(kLeftAt + 10min);
  EXPECT_EQ(buckets.size(), 1U);
  EXPECT_FALSE(buckets.take(kAlice));
  buckets.sweep(kLeftAt + 10min + 1ms);
  EXPECT_EQ(buckets.size(), 0U);
}

// Every value of the bytes that choose the shard, so that each shard has peers and some share one.
TEST(LeftBucketsTest, EveryPeerHasItsOwnBucketWhateverTheNumberOfShards) {
  for (const std::uint32_t shards : {1U, 2U, 32U, 256U, 65536U}) {
    LeftBuckets buckets(shards);
    std::vector<Fingerprint> peers(1024);
    for (unsigned i = 0; i < peers.size(); ++i) {
      peers[i].bytes[2] = static_cast<std::uint8_t>(i >> 2);
      peers[i].bytes[3] = static_cast<std::uint8_t>(i * 7);
      peers[i].bytes[31] = static_cast<std::uint8_t>(i & 3);
      buckets.leave(peers[i], bucket_with(static_cast<int>(i % 4)));
    }
    EXPECT_EQ(buckets.size(), peers.size());
    for (unsigned i = 0; i < peers.size(); ++i) {
      ASSERT_EQ(tokens_in(buckets.take(peers[i]).value()), static_cast<int>(i % 4))
          << shards << " shards, peer " << i;
    }
    EXPECT_EQ(buckets.size(), 0U) << shards << " shards";
  }
}

TEST(LeftBucketsTest, OfSeveralThreadsOneTakesABucket) {
  LeftBuckets buckets(4);
  std::vector<Fingerprint> peers(500);
  for (unsigned i = 0; i < peers.size(); ++i) {
    peers[i].bytes[3] = static_cast<std::uint8_t>(i);
    peers[i].bytes[4] = static_cast<std::uint8_t>(i >> 8);
    buckets.leave(peers[i], bucket_with(1));
  }
  std::atomic<unsigned> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (const Fingerprint& peer : peers) taken += buckets.take(peer) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, peers.size());
}

}  // namespace
}  // namespace peer
