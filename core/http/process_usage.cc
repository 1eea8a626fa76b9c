#include "core/http/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace peer {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t open_fds() {
  std::error_code error;
  const std::filesystem::directory_iterator fds("/proc/self/fd", error);
  if (error) return 0;
  // Without the one by which this directory itself is read.
  return static_cast<std::uint64_t>(std::distance(begin(fds), end(fds))) - 1;
}

}  // namespace

ProcessUsage process_usage(bool count_fds) {
  ProcessUsage usage;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  usage.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  usage.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (count_fds) usage.open_fds = open_fds();
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  usage.max_fds = limit.rlim_cur;
  return usage;
}

}  // namespace peer
