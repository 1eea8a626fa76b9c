#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

/// The work of a server process beside serving: limits, files, the environment.
namespace peer {

/// sysexits.h EX_CONFIG: the configuration is wrong.
inline constexpr int kExitConfig = 78;
/// sysexits.h EX_OSERR: the system gave no thread, descriptor or process.
inline constexpr int kExitSystem = 71;

/// Writes all mistakes of a configuration to stderr; returns kExitConfig.
int report_mistakes(const std::vector<std::string>& mistakes);

/// The variables of this process.
[[nodiscard]] std::map<std::string, std::string> process_environment();

/// Opens /dev/null for those of the descriptors 0 to 2 that are closed: otherwise the next files,
/// sockets and events get their numbers, and lines that are meant for stderr go there. First of
/// all.
void open_standard_descriptors();

/// Raises the soft limit of file descriptors to the hard one. Returns what it is now.
std::uint64_t raise_descriptor_limit();

/// Up to 8 MiB that were freed at the top of a thread's heap stay with the process. By default
/// glibc returns what exceeds 128 KiB, and a loop that frees the frames of every round would pay
/// for the same pages again in the next one. Call it before there are threads.
void keep_freed_memory();

/// Writes `port` and a newline to `file`, complete or not at all.
[[nodiscard]] sdk::Result<void> write_port_file(const std::string& file, std::uint16_t port);

/// What write_port_file() has written; 0 if there is none.
[[nodiscard]] std::uint16_t read_port_file(const std::string& file);

}  // namespace peer
