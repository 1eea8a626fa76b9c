#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <peer/sdk/result.h>

#include "core/base/mutex.h"
#include "core/base/time.h"

namespace peer {

/// The events that a server's main thread waits for: signals, and "the last loop has ended". It
/// also ends the process when something hangs: a thread of its own, which waits for nothing else,
/// reads the signals. A second signal to stop ends the process from there, and so does the deadline
/// of the end, whatever the main thread, a plugin's destructor or the log is doing.
///
/// Lives as long as the process: never destroyed. Main thread only.
class ProcessEvents {
 public:
  enum class Event : std::uint8_t { kStopRequested, kHangup, kReopenLog, kLoopsEnded, kTimeout };

  /// Blocks INT, TERM, QUIT, HUP and USR1 for the process: make it before any thread. Throws
  /// std::system_error without descriptors.
  ProcessEvents();
  ~ProcessEvents() = delete;
  ProcessEvents(const ProcessEvents&) = delete;
  ProcessEvents& operator=(const ProcessEvents&) = delete;

  /// Starts to read signals.
  [[nodiscard]] sdk::Result<void> start();
  /// An eventfd: written to, it makes kLoopsEnded.
  [[nodiscard]] int done_fd() const { return done_fd_; }
  /// Waits for the next event; a negative `timeout` waits for ever. Each signal is told once, but
  /// for equal ones that come before it is asked.
  Event wait(milliseconds timeout = milliseconds(-1));

  /// How long the process may live after the first signal to stop, if the main thread does not say
  /// anything else: it may hang in the start of a plugin.
  void use_longest_stop(milliseconds time);
  /// The end has begun: the process ends in `time` at the latest, with `exit_code`, which a second
  /// signal gives it too. Of several deadlines the earliest counts.
  void end_within(milliseconds time, int exit_code);
  /// What the main thread is about to wait for on its way out: the last words of a process that
  /// comes to its deadline.
  void waiting_for(const std::string& what);
  /// From now on there is no log for last words.
  void log_closes();

 private:
  void watch();
  void take_signal();
  [[nodiscard]] int milliseconds_left();
  [[noreturn]] void end_at_deadline();

  int signal_fd_;
  int done_fd_;
  int main_fd_;   // eventfd: a signal has come
  int watch_fd_;  // eventfd: the deadline has changed
  std::atomic<bool> stop_seen_{false};
  std::atomic<bool> stop_waits_{false};  // to be told; so the others
  std::atomic<bool> hangup_waits_{false};
  std::atomic<bool> reopen_waits_{false};
  std::atomic<int> exit_code_{0};

  Mutex mutex_;
  Time deadline_ PEER_GUARDED_BY(mutex_) = kNever;
  milliseconds longest_stop_ PEER_GUARDED_BY(mutex_){5'000};
  std::string waiting_for_ PEER_GUARDED_BY(mutex_) = "the main thread";
  bool log_is_open_ PEER_GUARDED_BY(mutex_) = true;
};

}  // namespace peer
