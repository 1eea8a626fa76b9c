#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/time.h"

namespace peer {

/// Tokens per second, and how many may be saved up.
struct RateLimit {
  std::uint32_t per_second = 100;
  std::uint32_t burst = 200;
};

/// A token bucket that starts full. Counts in thousandths, so that a slow rate is exact. The limit
/// comes with each call and may differ from the last one: it can be reloaded, and an auth plugin
/// may grant another. Not thread-safe.
class TokenBucket {
 public:
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
  /// The time of the latest attempt, successful or not.
  [[nodiscard]] Time last_used() const { return filled_; }

 private:
  static std::int64_t full(RateLimit limit) { return std::int64_t{limit.burst} * 1000; }

  void refill(RateLimit limit, Time now) {
    // Eleven days: the product of any rate stays far from overflow.
    constexpr milliseconds kLongest{1'000'000'000};
    const std::int64_t elapsed = std::clamp(now - filled_, milliseconds(0), kLongest).count();
    filled_ = std::max(filled_, now);
    tokens_ = std::min(full(limit), tokens_ + elapsed * limit.per_second);
  }

  std::int64_t tokens_;  // thousandths
  Time filled_;
};

}  // namespace peer
