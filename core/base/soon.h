#pragma once

#include <cstdint>

#include "core/base/time.h"

namespace peer {

/// A time within 24 days of the moment at which it is asked for, past or to come, or never: in 4
/// bytes, where a Time has 8. For what very many objects have.
///
/// A time further away than that is not refused: it is answered as one that is 2^32 ms (49.7 days)
/// nearer or further. The deadlines of connections are kept so, since no key that makes one is
/// above 24 h (core/config/keys.cc). One thread at a time.
class Soon {
 public:
  Soon() = default;  ///< never
  Soon(Time at)      // NOLINT(google-explicit-constructor): it is one
      : bits_(at == kNever ? 0 : bits_of(at)) {}

  [[nodiscard]] bool is_never() const { return bits_ == 0; }
  /// To the millisecond, but for one in 2^32, which is answered 1 ms late: its bits would be those
  /// of never. `now` is the moment of this call.
  [[nodiscard]] Time at(Time now) const {
    if (is_never()) return kNever;
    return now + milliseconds(static_cast<std::int32_t>(bits_ - low_bits_of(now)));
  }

 private:
  static std::uint32_t low_bits_of(Time at) {
    return static_cast<std::uint32_t>(at.time_since_epoch().count());
  }
  static std::uint32_t bits_of(Time at) { return low_bits_of(at) == 0 ? 1 : low_bits_of(at); }

  std::uint32_t bits_ = 0;  // the lowest ones of its milliseconds; 0: never
};

}  // namespace peer
