#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>

#include "plugins/broker_kit/event_loop.h"
#include "plugins/broker_kit/shared_state.h"

namespace peer_broker_kit {

/// Directed messages that wait until this node reaches the others again: below 2 s, 4 MiB, 1000
/// messages. Loop thread only. It has no timer: its owner calls expire() while something waits.
class OutageQueue {
 public:
  /// Below the core's patience of 2 s, so that a sender is told by this, and nothing is logged.
  static constexpr std::chrono::milliseconds kMaxAge{1800};
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
  static constexpr std::size_t kMaxMessages = 1000;

  /// A message: exactly one of the two functions is called, once. `size` in bytes, against
  /// kMaxBytes.
  struct Waiting {
    std::size_t size;
    std::function<void()> send;
    std::function<void()> give_up;
    Time since;
  };

  /// How much waits is counted in `shared`.
  explicit OutageQueue(SharedState& shared) : shared_(shared) {}

  /// False: there is no room; `waiting` is as it was.
  bool push(Waiting& waiting);
  /// Gives up what has waited too long. Returns how many that were. A function that it calls may
  /// push again.
  std::size_t expire(Time now);
  /// Sends all, in their order.
  void flush();
  /// Gives up all. Returns how many.
  std::size_t give_up_all();

  [[nodiscard]] std::size_t size() const { return queue_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  Waiting take();

  SharedState& shared_;
  std::deque<Waiting> queue_;
  std::size_t bytes_ = 0;
};

}  // namespace peer_broker_kit
