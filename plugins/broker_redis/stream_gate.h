#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "event_loop.h"

namespace peer_redis {

/// What comes from the subscription takes effect in its order; while a join is being entered by the
/// core, nothing more does. Loop thread only, but for letting go of a hold.
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
  void open();
  /// Keeps the gate shut, which it is already, until the last copy is let go, on any thread.
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
  std::size_t shut_ = 0;
  std::deque<Waiting> waiting_;
  std::size_t waiting_size_ = 0;
  bool running_ = false;
};

}  // namespace peer_redis
