#pragma once

#include <cstddef>
#include <filesystem>

namespace peer {

/// How many cores this process may keep busy: those of its affinity, or the quota of its control
/// group and of those above it (cpu.max of cgroup v2, cpu.cfs_quota_us of v1), rounded up,
/// whichever is less; at least 1.
[[nodiscard]] std::size_t usable_cores();

/// The quota alone, in cores; infinity without one. `groups` is where control groups are mounted,
/// `membership` says in which ones the process is (proc(5)); a file that cannot be read limits
/// nothing.
[[nodiscard]] double cpu_quota(const std::filesystem::path& groups = "/sys/fs/cgroup",
                               const std::filesystem::path& membership = "/proc/self/cgroup");

}  // namespace peer
