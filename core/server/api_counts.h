#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/base/counter.h"

namespace peer {

/// What the Server API and the webhooks count, for /metrics. Any thread. The threads of webhooks
/// hold it too and may outlive the Node, so it is kept by a std::shared_ptr (Node::api_counts).
struct ApiCounts {
  /// By the status of the answer; the last for all others.
  static constexpr std::array<int, 14> kStatuses{200, 400, 401, 403, 404, 405, 409,
                                                 411, 413, 429, 500, 503, 304, 0};
  std::array<std::atomic<std::uint64_t>, kStatuses.size()> requests{};
  /// From a request to its answer; of a stream of events to its begin.
  DurationHistogram<6> duration{{std::chrono::milliseconds(1), std::chrono::milliseconds(5),
                                 std::chrono::milliseconds(25), std::chrono::milliseconds(100),
                                 std::chrono::milliseconds(500), std::chrono::seconds(2)}};
  std::atomic<std::uint64_t> event_readers{0};      ///< now
  std::atomic<std::uint64_t> readers_cut{0};        ///< since they did not read
  std::atomic<std::uint64_t> events_lost{0};        ///< for want of room, before any reader
  std::atomic<std::uint64_t> webhook_delivered{0};  ///< events
  std::atomic<std::uint64_t> webhook_dropped{0};    ///< events
  std::atomic<std::uint64_t> webhook_failed{0};     ///< requests
  std::atomic<std::uint64_t> webhook_waiting{0};    ///< events now

  /// Once for each request that is answered; a status that is not listed counts with the last.
  void note_answer(int status) {
    std::size_t i = 0;
    while (i + 1 < kStatuses.size() && kStatuses[i] != status) ++i;
    requests[i].fetch_add(1, std::memory_order_relaxed);
  }
};

}  // namespace peer
