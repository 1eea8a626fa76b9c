#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace peer_jwt {

/// When keys are fetched from a URL: at the start, when they have become old, after a failure with
/// longer and longer waits, and for a key that is not known, but not more often than once in 30 s,
/// since anybody can make up names of keys. It fetches nothing and has no clock: KeyLoader asks it
/// under its lock. One thread at a time.
class FetchSchedule {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kBetweenUnknown{30};
  static constexpr std::chrono::seconds kFirstRetry{1};
  static constexpr std::chrono::seconds kLongestRetry{300};

  explicit FetchSchedule(std::chrono::milliseconds refresh) : refresh_(refresh) {}

  /// When the next fetch is due; in the past before the first.
  [[nodiscard]] Time due() const { return due_; }
  /// Asks for a fetch now, since a key is not known. False: the latest fetch is too young for that
  /// (kBetweenUnknown).
  bool want(Time now) {
    if (latest_ && now - *latest_ < kBetweenUnknown) return false;
    due_ = now;
    return true;
  }
  /// A fetch has brought keys; the next one is due when they are old.
  void note_success(Time now) {
    latest_ = now;
    due_ = now + refresh_;
    retry_ = kFirstRetry;
  }
  /// A fetch has failed. The pauses double, from 1 s to 300 s, but are never longer than `refresh`.
  void note_failure(Time now) {
    latest_ = now;
    due_ = now + std::min<Time::duration>(retry_, refresh_);
    retry_ = std::min<std::chrono::seconds>(retry_ * 2, kLongestRetry);
  }

 private:
  const std::chrono::milliseconds refresh_;
  Time due_{};
  /// The end of the latest fetch, good or not.
  std::optional<Time> latest_;
  std::chrono::seconds retry_ = kFirstRetry;
};

}  // namespace peer_jwt
