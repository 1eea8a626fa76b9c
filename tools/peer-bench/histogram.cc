#include "tools/peer-bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace peer::bench {

// Values below 64 have a bucket each. Above, a value's exponent chooses a group of 64 buckets and
// the six bits behind its leading one choose the bucket in the group.
std::size_t Histogram::bucket_of(std::uint64_t value) {
  if (value >> kSubBits == 0) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
  const std::uint64_t sub = (value >> shift) - (1U << kSubBits);
  return static_cast<std::size_t>(((shift + std::uint64_t{1}) << kSubBits) + sub);
}

std::uint64_t Histogram::largest_in(std::size_t bucket) {
  const std::size_t group = bucket >> kSubBits;
  if (group == 0) return bucket;
  const std::uint64_t sub = bucket & ((1U << kSubBits) - 1);
  return ((sub + (1U << kSubBits) + 1) << (group - 1)) - 1;
}

void Histogram::record(Duration duration) {
  duration = std::max(duration, Duration{0});
  ++buckets_[bucket_of(static_cast<std::uint64_t>(duration.count()))];
  ++count_;
  max_ = std::max(max_, duration);
}

Histogram Histogram::since(const Histogram& earlier) const {
  Histogram rest = *this;
  for (std::size_t i = 0; i < kBuckets; ++i) rest.buckets_[i] -= earlier.buckets_[i];
  rest.count_ -= earlier.count_;
  return rest;
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

Duration Histogram::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen > 0 && seen >= wanted) {
      // A bucket stands for its largest value, but never for more than there was.
      return std::min(max_, Duration{static_cast<Duration::rep>(largest_in(bucket))});
    }
  }
  return Duration{0};
}

}  // namespace peer::bench
