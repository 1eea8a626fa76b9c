#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/time.h"

namespace peer {

/// Tokens per second, and how many may be saved up. Both at least 1; the configuration allows up to
/// a billion.
struct RateLimit {
  std::uint32_t per_second = 100;
  std::uint32_t burst = 200;
};

/// A token bucket that starts full. Counts in thousandths, so that a slow rate is exact. The limit
/// comes with each call and may differ from the last one: it can be reloaded, and an auth plugin
/// may grant another. Not thread-safe: a session's is its loop's own, and one that a session leaves
/// to its successor goes through LeftBuckets.
class TokenBucket {
 public:
  /// One that no limit has met yet: it is full, as long as no limit takes eleven days to fill.
  TokenBucket() : tokens_(0), filled_(-kLongest) {}
  TokenBucket(RateLimit limit, Time now) : tokens_(full(limit)), filled_(now) {}

  /// Takes `count` tokens, or none when there are fewer. Loops read the clock each for
  /// itself: a `now` a little before the last one counts as that one.
  [[nodiscard]] bool try_acquire(RateLimit limit, Time now, std::uint32_t count = 1) {
    refill(limit, now);
    const std::int64_t wanted = std::int64_t{count} * 1000;
    if (tokens_ < wanted) return false;
    tokens_ -= wanted;
    return true;
  }
  /// What is in it, for another node: as of so long ago. An age and no point in time, since the
  /// steady clocks of two machines have nothing in common.
  struct Level {
    std::int64_t thousandths = 0;
    milliseconds age{0};
  };
  [[nodiscard]] Level level(Time now) const {
    return {tokens_, std::clamp(now - filled_, milliseconds(0), kLongest)};
  }
  /// The bucket of a Level. More than its limit allows is cut at the first attempt.
  TokenBucket(Level level, Time now)
      : tokens_(level.thousandths), filled_(now - std::min(level.age, kLongest)) {}
  /// The time of the latest attempt, successful or not.
  [[nodiscard]] Time last_used() const { return filled_; }

 private:
  // Eleven days: the product of any rate stays far from overflow.
  static constexpr milliseconds kLongest{1'000'000'000};

  static std::int64_t full(RateLimit limit) { return std::int64_t{limit.burst} * 1000; }

  void refill(RateLimit limit, Time now) {
    const std::int64_t elapsed = std::clamp(now - filled_, milliseconds(0), kLongest).count();
    filled_ = std::max(filled_, now);
    tokens_ = std::min(full(limit), tokens_ + elapsed * limit.per_second);
  }

  std::int64_t tokens_;  // thousandths
  Time filled_;
};

}  // namespace peer
