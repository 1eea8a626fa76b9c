#include "core/base/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <thread>

// How many cores this process may keep busy. In: its affinity, and the quotas of its control
// groups, from files of /proc and /sys. Out: a number of cores. Main thread, at the start. The
// number of the machine's cores would be wrong in a container, whose quota may allow fewer. A file
// that cannot be read limits nothing.
namespace peer {
namespace {

namespace fs = std::filesystem;

constexpr double kNoQuota = std::numeric_limits<double>::infinity();

/// Both in microseconds. "max" and -1 are no quota.
double quotient(const std::string& quota, const std::string& period) {
  const auto number = [](const std::string& text) {
    long long value = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && rest == end ? value : 0;
  };
  const long long amount = number(quota);
  const long long every = number(period);
  if (amount <= 0 || every <= 0) return kNoQuota;
  return static_cast<double>(amount) / static_cast<double>(every);
}

/// Of one group: cgroup v2 has both numbers in one file, v1 each in its own.
double quota_of(const fs::path& group) {
  std::string quota;
  std::string period;
  if (std::ifstream(group / "cpu.max") >> quota >> period) return quotient(quota, period);
  std::ifstream(group / "cpu.cfs_quota_us") >> quota;
  std::ifstream(group / "cpu.cfs_period_us") >> period;
  return quotient(quota, period);
}

/// Of a group and of all above it. In a container the path may be the host's, which is not there:
/// then the groups that are there count.
double least_quota(const fs::path& mount, std::string_view path) {
  double least = quota_of(mount);
  if (path.find("..") != std::string_view::npos) return least;  // beyond what is mounted
  for (fs::path group = fs::path(path).relative_path(); !group.empty();
       group = group.parent_path()) {
    least = std::min(least, quota_of(mount / group));
  }
  return least;
}

bool has_controller(std::string_view list, std::string_view name) {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

std::size_t cores_of_affinity() {
  // The kernel wants room for all cores that the machine may have.
  for (std::size_t most = 1024; most <= 1024 * 1024; most *= 2) {
    cpu_set_t* set = CPU_ALLOC(most);
    if (set == nullptr) break;
    const std::size_t size = CPU_ALLOC_SIZE(most);
    const bool known = ::sched_getaffinity(0, size, set) == 0;
    const int count = known ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return static_cast<std::size_t>(count);
  }
  return std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

}  // namespace

double cpu_quota(const fs::path& groups, const fs::path& membership) {
  double least = kNoQuota;
  std::ifstream lines(membership);
  for (std::string line; std::getline(lines, line);) {  // "4:cpu,cpuacct:/path", "0::/path"
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !has_controller(controllers, "cpu")) continue;
    const fs::path mount = controllers.empty() ? groups : groups / controllers;
    least = std::min(least, least_quota(mount, std::string_view(line).substr(second + 1)));
  }
  return least;
}

std::size_t usable_cores() {
  const auto cores = static_cast<double>(cores_of_affinity());
  return static_cast<std::size_t>(std::max(std::ceil(std::min(cores, cpu_quota())), 1.0));
}

}  // namespace peer
