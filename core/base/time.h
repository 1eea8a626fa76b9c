#pragma once

#include <chrono>

#include <peer/sdk/types.h>

namespace peer {

using std::chrono::milliseconds;

/// Milliseconds on the steady clock: deadlines and rates. Loops read it once per batch.
using Time = std::chrono::time_point<std::chrono::steady_clock, milliseconds>;

/// Later than any deadline. It is the largest number there is: nothing may be added to it.
inline constexpr Time kNever = Time::max();

/// Never goes back, whatever happens to the clock of the machine.
[[nodiscard]] inline Time steady_now() {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::steady_clock::now());
}

/// Milliseconds since the Unix epoch: `ts` on the wire, and what plugins are told. May jump, so no
/// deadline is measured by it.
[[nodiscard]] inline sdk::Instant wall_now() {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}

}  // namespace peer
