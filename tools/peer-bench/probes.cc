#include "tools/peer-bench/probes.h"

#include <sys/resource.h>

#include <fstream>
#include <sstream>
#include <string>

namespace peer::bench {

std::optional<CpuClock> CpuClock::of_process(pid_t pid) {
  clockid_t clock{};
  if (::clock_getcpuclockid(pid, &clock) != 0) return std::nullopt;
  return CpuClock(clock);
}

Duration CpuClock::now() const {
  timespec time{};
  if (::clock_gettime(clock_, &time) != 0) return Duration{0};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::optional<MemoryUse> memory_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  MemoryUse use;
  // A kernel that knows the file names all three, so one stands for them.
  bool found = false;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    std::uint64_t kilobytes = 0;
    if (!(fields >> name >> kilobytes)) continue;
    if (name == "Rss:") use.resident = kilobytes * 1024;
    if (name == "Private_Dirty:") use.private_dirty = kilobytes * 1024;
    if (name == "Anonymous:") {
      use.anonymous = kilobytes * 1024;
      found = true;
    }
  }
  if (!found) return std::nullopt;
  return use;
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace peer::bench
