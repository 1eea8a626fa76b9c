#pragma once

#include <sys/types.h>

#include <time.h>
#include <cstdint>
#include <optional>

#include "tools/peer-bench/clock.h"

/// What the kernel knows of a process.
namespace peer::bench {

/// CPU time, user and system, of all threads of a process.
class CpuClock {
 public:
  /// Nullopt when there is no such process.
  [[nodiscard]] static std::optional<CpuClock> of_process(pid_t pid);
  [[nodiscard]] static CpuClock of_this_process() { return CpuClock(CLOCK_PROCESS_CPUTIME_ID); }
  /// Zero once the process has ended.
  [[nodiscard]] Duration now() const;

 private:
  explicit CpuClock(clockid_t clock) : clock_(clock) {}
  clockid_t clock_;
};

/// User memory of a process, bytes (smaps_rollup in proc(5)).
struct MemoryUse {
  std::uint64_t anonymous = 0;      ///< heap, stacks, data: what connections cost
  std::uint64_t private_dirty = 0;  ///< anonymous and changed file pages
  std::uint64_t resident = 0;
};

/// Nullopt when there is no such process or it may not be looked at.
[[nodiscard]] std::optional<MemoryUse> memory_of(pid_t pid);

/// Raises the limit of open files to the hard limit; returns it.
std::uint64_t raise_descriptor_limit();

}  // namespace peer::bench
