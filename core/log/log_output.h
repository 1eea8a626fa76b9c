#pragma once

#include <Poco/AsyncChannel.h>
#include <Poco/AutoPtr.h>

#include <peer/sdk/result.h>

#include "core/config/config.h"
#include "core/log/line_file.h"
#include "core/log/repeat_filter.h"

namespace peer {

/// Where log lines go: to stderr or to log_file, as log_format says, written by a thread of their
/// own, so that no loop waits for a disk. At most kQueue lines wait; what comes then is dropped,
/// and how many is told.
///
/// Main thread only. Destroyed when nothing logs any more, which writes what is left.
class LogOutput {
 public:
  static constexpr int kQueue = 10'000;

  explicit LogOutput(const Config& config);
  ~LogOutput();
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

  /// Opens log_file, at first and again when somebody has moved it (SIGUSR1). If that fails, lines
  /// go where they went before.
  [[nodiscard]] sdk::Result<void> reopen() { return file_->reopen(); }
  /// Tells what has been repeated. Call it every few seconds.
  void sum_up() { filter_->sum_up(steady_now()); }

 private:
  Poco::AutoPtr<LineFile> file_;
  Poco::AutoPtr<Poco::AsyncChannel> queue_;
  Poco::AutoPtr<RepeatFilter> filter_;
};

/// Takes log_level and log_addresses from a configuration. Thread-safe.
void use_log_settings(const Config& config);

}  // namespace peer
