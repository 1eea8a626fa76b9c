#pragma once

#include <chrono>

namespace peer::bench {

/// Everything is measured by one clock that never goes back, in nanoseconds. Instants of two
/// processes on one machine can be compared; those of two machines cannot.
using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Duration = std::chrono::nanoseconds;

[[nodiscard]] inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

[[nodiscard]] inline double to_microseconds(Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace peer::bench
