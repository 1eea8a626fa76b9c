#pragma once

#include <sched.h>
#include <sys/types.h>

#include <utility>
#include <vector>

namespace peer::bench {

/// Keeps all threads of a process on one core while it lives, then gives back what they had.
/// Client and server on one core take turns, each with all that the other left for it: no wake-up
/// goes to another core, and CPU per message repeats within a few per cent on a busy machine.
class CorePin {
 public:
  /// `pid` 0: this process, and what it forks from now on. Throws std::system_error when there is
  /// no such core or process.
  CorePin(pid_t pid, int core);
  ~CorePin();
  CorePin(const CorePin&) = delete;
  CorePin& operator=(const CorePin&) = delete;

 private:
  std::vector<std::pair<pid_t, cpu_set_t>> before_;
};

}  // namespace peer::bench
