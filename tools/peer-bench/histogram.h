#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tools/peer-bench/clock.h"

namespace peer::bench {

/// Latencies, counted in buckets that are 1/64 of a power of two wide: percentiles are within 1.6 %
/// of the truth, and recording one costs no allocation. One thread.
class Histogram {
 public:
  /// Negative durations count as zero.
  void record(Duration duration);
  /// What was recorded since `earlier` was copied from this one; max() stays that of all, since
  /// buckets do not tell when a value came.
  [[nodiscard]] Histogram since(const Histogram& earlier) const;
  void add(const Histogram& other);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration max() const { return max_; }
  /// The smallest duration that at least `share` (0 to 1) of all do not exceed; 0 when empty.
  [[nodiscard]] Duration quantile(double share) const;

 private:
  static constexpr unsigned kSubBits = 6;  // 64 buckets for each power of two
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  // Of a value in nanoseconds; and back, the largest value that its bucket holds.
  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value);
  [[nodiscard]] static std::uint64_t largest_in(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  Duration max_{0};
};

}  // namespace peer::bench
