#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "plugins/broker_kit/event_loop.h"

namespace peer_broker_kit {

/// What comes from the subscription takes effect in its order; while a join is being entered by the
/// core, nothing more does. Loop thread only, but for letting go of a hold. It is counted: as often
/// as it has been shut, it has to be opened.
class StreamGate {
 public:
  /// Waiting messages beyond which `pass` refuses: 64 MiB.
  static constexpr std::size_t kMaxWaiting = std::size_t{64} << 20;

  explicit StreamGate(EventLoop& loop) : loop_(loop) {}

  /// Runs `task` now, or when the gate is open and what came before has run. `size`: bytes that it
  /// keeps. False: too much is waiting.
  bool pass(std::size_t size, Task task);
  /// Nothing waits: what comes may run at once.
  [[nodiscard]] bool is_open() const { return shut_ == 0 && waiting_.empty(); }
  void shut() { ++shut_; }
  /// Undoes one shut(). The last one runs what waits, now, until one of these tasks shuts it again.
  /// An exception of a task comes out; then recover() has to follow, or the gate stays still.
  void open();
  /// Until the last copy of the result is destroyed, on any thread, the gate stays shut. It must
  /// have been shut for this (shut()): letting go opens it once.
  std::shared_ptr<void> hold();
  /// After an exception of a task: what was waiting is lost.
  void recover() {
    clear();
    running_ = false;
  }
  /// Forgets what is waiting.
  void clear();

 private:
  struct Waiting {
    std::size_t size;
    Task task;
  };

  EventLoop& loop_;
  /// How often it has been shut and not opened yet.
  std::size_t shut_ = 0;
  std::deque<Waiting> waiting_;
  std::size_t waiting_size_ = 0;
  bool running_ = false;
};

}  // namespace peer_broker_kit
