#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/admin/history.h"
#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// Fills the history of a node. It reads what is counted anyway, and, once a second, hands each
/// loop of peers one empty task, to see how long it waits.
///
/// On the loop of the Server API, but for the constructor and the destructor, which run while the
/// loop does not. While it lives, the node has its history (Node::history).
class HistoryRecorder {
 public:
  /// `node` outlives this. Nothing happens before start().
  explicit HistoryRecorder(Node& node);
  ~HistoryRecorder();
  HistoryRecorder(const HistoryRecorder&) = delete;
  HistoryRecorder& operator=(const HistoryRecorder&) = delete;

  /// From now on, until the loop ends.
  void start(EventLoop& loop);

 private:
  /// The task that is on its way through one loop. Shared with that task.
  struct LagProbe {
    std::atomic<std::int64_t> posted{0};   // microseconds of the steady clock; 0: none is
    std::atomic<std::int64_t> longest{0};  // microseconds, since take_lag()
  };
  /// Counted since the start, to be compared with the sample before.
  struct Totals {
    Time at;
    double cpu_seconds = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t dropped = 0;
    std::uint64_t errors = 0;
    std::uint64_t rate_limited = 0;
    std::uint64_t matched = 0;
    std::chrono::microseconds waited{0};
  };

  /// Posts a task to each loop of peers whose last one has come through, and does so again later.
  void probe_loops();
  /// The longest wait since the last call, in microseconds; of a loop that hangs it grows.
  std::int64_t take_lag();
  /// Adds one sample to the history: gauges as they are, counters as what they have grown by in a
  /// second since the sample before.
  void take_sample();
  [[nodiscard]] Totals add_gauges(History::Sample& sample);

  Node& node_;
  EventLoop* loop_ = nullptr;
  History history_;
  std::vector<std::shared_ptr<LagProbe>> probes_;  // by loop
  Totals last_;
};

}  // namespace peer
