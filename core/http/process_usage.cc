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

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  usage.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  usage.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::error_code error;
  const std::filesystem::directory_iterator fds("/proc/self/fd", error);
  if (!error) {
    // Without the one by which this directory itself is read.
    usage.open_fds = static_cast<std::uint64_t>(std::distance(begin(fds), end(fds))) - 1;
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  usage.max_fds = limit.rlim_cur;
  return usage;
}

}  // namespace peer
