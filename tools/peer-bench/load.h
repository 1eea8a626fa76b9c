#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tools/peer-bench/clock.h"
#include "tools/peer-bench/histogram.h"

namespace peer::bench {

/// Traffic that can be started, measured, and stopped again. One thread.
class Load {
 public:
  virtual ~Load() = default;
  /// Starts traffic, or starts it again after pause().
  virtual void resume() = 0;
  /// Nothing new from now on; step() on until nothing is in flight.
  virtual void pause() = 0;
  /// Units that have been caused and have not arrived.
  [[nodiscard]] virtual std::uint64_t in_flight() const = 0;
  /// One round of I/O; waits `longest` at most.
  virtual void step_within(std::chrono::milliseconds longest) = 0;
  void step() { step_within(std::chrono::milliseconds(10)); }
  /// What a unit is: `message`, `copy`, ...
  [[nodiscard]] virtual std::string_view unit() const = 0;
  /// Bytes of one message as this side sends it: what the floor echoes.
  [[nodiscard]] virtual std::size_t message_bytes() const = 0;

  /// Units that arrived and were right, since the start.
  [[nodiscard]] virtual std::uint64_t units() const { return units_; }
  /// Latencies are recorded while this is on.
  virtual void set_measuring(bool measuring) { measuring_ = measuring; }
  [[nodiscard]] virtual Histogram latency() const { return latency_; }

 protected:
  /// One unit has arrived and was right; its latency counts only within a window.
  void count_unit(Duration latency) {
    ++units_;
    if (measuring_) latency_.record(latency);
  }

 private:
  std::uint64_t units_ = 0;
  bool measuring_ = false;
  Histogram latency_;
};

}  // namespace peer::bench
