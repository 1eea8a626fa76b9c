#pragma once

#include <cstdint>

namespace peer {

/// How much of the machine this process uses now. Reads /proc: not on a loop that has peers. What
/// cannot be read is 0; no error is told, since a health page without it is better than none.
struct ProcessUsage {
  double cpu_seconds = 0;  ///< user and system, since the start
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;  ///< the soft limit
};

/// `count_fds`: false leaves out `open_fds`, which takes time with many of them.
[[nodiscard]] ProcessUsage process_usage(bool count_fds = true);

}  // namespace peer
