#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

/// What a server process does beside serving: signals, limits, files.
namespace peer {

/// sysexits.h EX_CONFIG: the configuration is wrong.
inline constexpr int kExitConfig = 78;

/// Writes all mistakes of a configuration to stderr; returns kExitConfig.
int report_mistakes(const std::vector<std::string>& mistakes);

/// The variables of this process.
[[nodiscard]] std::map<std::string, std::string> process_environment();

/// The signals that a server listens to, and "the last loop has ended", as things to wait for.
/// Blocks INT, TERM, QUIT, HUP and USR1 for the process: make it first, before any thread.
/// Main thread only.
class ProcessEvents {
 public:
  enum class Event : std::uint8_t { kStopRequested, kHangup, kReopenLog, kLoopsEnded, kTimeout };

  ProcessEvents();
  ~ProcessEvents();
  ProcessEvents(const ProcessEvents&) = delete;
  ProcessEvents& operator=(const ProcessEvents&) = delete;

  /// An eventfd: written to, it makes kLoopsEnded.
  [[nodiscard]] int done_fd() const { return done_fd_; }
  /// Waits for the next event; a negative `timeout` waits for ever.
  Event wait(std::chrono::milliseconds timeout = std::chrono::milliseconds(-1));

 private:
  int signal_fd_;
  int done_fd_;
};

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
