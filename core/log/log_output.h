#pragma once

#include <Poco/AutoPtr.h>

#include <string>

#include <peer/sdk/result.h>

#include "core/config/config.h"
#include "core/log/line_queue.h"
#include "core/log/repeat_filter.h"

namespace peer {

/// Where log lines go: to stderr or to log_file, as log_format says, written by a thread of their
/// own, so that no loop waits for a disk (LineQueue).
///
/// Main thread only. Destroyed when nothing logs any more, which writes what is left, however long
/// the file takes.
class LogOutput {
 public:
  explicit LogOutput(const Config& config);
  ~LogOutput();
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

  /// Opens log_file, at first and again when somebody has moved it (SIGUSR1). If that fails, lines
  /// go where they went before.
  [[nodiscard]] sdk::Result<void> reopen() { return queue_->file().reopen(); }
  /// Starts to write. Until then lines wait.
  [[nodiscard]] sdk::Result<void> start() { return queue_->start(); }
  /// Tells what has been repeated. Call it every few seconds.
  void sum_up() { filter_->sum_up(steady_now()); }

 private:
  Poco::AutoPtr<LineQueue> queue_;
  Poco::AutoPtr<RepeatFilter> filter_;
};

/// Whether log_file can be opened, which makes it.
[[nodiscard]] sdk::Result<void> check_log_file(const Config& config);

/// Writes one line to log_file, or to stderr, without a thread: for a process that gets none.
void write_log_line(const Config& config, const std::string& line);

/// Takes log_level and log_addresses from a configuration. Thread-safe.
void use_log_settings(const Config& config);

}  // namespace peer
