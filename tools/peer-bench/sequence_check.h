#pragma once

#include <cstdint>

namespace peer::bench {

/// Judges the numbers of the messages from one sender to one receiver, which should come as
/// 0, 1, 2, ... It remembers the 64 before the highest, to tell a late message from a second copy;
/// what is older than that counts as a copy.
class SequenceCheck {
 public:
  /// kLate: it was missing when a later one came. kDuplicate: it has arrived before.
  enum class Verdict { kFresh, kLate, kDuplicate };

  /// Takes note of a number that has arrived. A gap counts as missing until its numbers come late.
  Verdict accept(std::uint64_t number);
  /// The number that is due.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  /// How many of the first `sent` have not arrived.
  [[nodiscard]] std::uint64_t missing(std::uint64_t sent) const {
    return skipped_ + (sent > next_ ? sent - next_ : 0);
  }

 private:
  std::uint64_t next_ = 0;
  std::uint64_t skipped_ = 0;               // below next_, not arrived
  std::uint64_t seen_ = ~std::uint64_t{0};  // bit i: number next_ - 1 - i arrived
};

inline SequenceCheck::Verdict SequenceCheck::accept(std::uint64_t number) {
  if (number >= next_) {
    const std::uint64_t gap = number - next_;
    seen_ = gap >= 63 ? 1 : (seen_ << (gap + 1)) | 1;
    skipped_ += gap;
    next_ = number + 1;
    return Verdict::kFresh;
  }
  const std::uint64_t age = next_ - 1 - number;
  if (age >= 64 || ((seen_ >> age) & 1) != 0) return Verdict::kDuplicate;
  seen_ |= std::uint64_t{1} << age;
  --skipped_;
  return Verdict::kLate;
}

}  // namespace peer::bench
