#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace peer {

/// A count that one thread raises and any thread reads: costs what a plain integer does. Each loop
/// has its own, and take_snapshot() adds them up.
class Counter {
 public:
  /// Only the one thread that owns the count: two would lose counts, since this is no atomic step.
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  /// Any thread; may lack what is being added at this moment.
  operator std::uint64_t() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// How long something took, by fixed buckets. Any thread observes and reads. A reader sees each
/// number as it is at that moment, so buckets and sum may differ by what is being observed.
///
/// A bucket has what it alone holds. In /metrics a bucket includes all before it, which is added up
/// where the text is written (core/http/metrics.cc).
template <std::size_t kBuckets>
class DurationHistogram {
 public:
  using Bounds = std::array<std::chrono::microseconds, kBuckets>;  ///< inclusive, rising

  explicit DurationHistogram(const Bounds& bounds) : bounds_(bounds) {}

  /// Counts one duration, which must not be negative: the sum has no sign.
  void observe(std::chrono::microseconds duration) {
    std::size_t bucket = 0;
    while (bucket < kBuckets && duration > bounds_[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
  }
  [[nodiscard]] const Bounds& bounds() const { return bounds_; }
  /// Of one bucket, those before it not included; kBuckets: what exceeds the last bound.
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  /// Of all durations so far.
  [[nodiscard]] std::chrono::microseconds sum() const {
    return std::chrono::microseconds(sum_.load(std::memory_order_relaxed));
  }

 private:
  const Bounds bounds_;
  std::array<std::atomic<std::uint64_t>, kBuckets + 1> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace peer
