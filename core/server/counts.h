#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/counter.h"
#include "core/protocol/message.h"

/// What is counted, for /stats and /metrics.
namespace peer {

/// The codes of error replies (docs/protocol.md, "Errors"). An error with any other code is
/// counted nowhere.
inline constexpr std::array kErrorCodes{400, 401, 403, 404, 409, 429, 500, 503};

/// Error replies by the type of the message that they answer, and code. One loop's: it adds, and
/// any thread reads.
class ErrorCounts {
 public:
  void add(MessageType type, int code) {
    for (std::size_t i = 0; i < kErrorCodes.size(); ++i) {
      if (kErrorCodes[i] == code) counts_[static_cast<std::size_t>(type)][i].add();
    }
  }
  /// `code`: an index of kErrorCodes.
  [[nodiscard]] std::uint64_t count(std::size_t type, std::size_t code) const {
    return counts_[type][code];
  }

 private:
  /// By message type, then by the place of the code in kErrorCodes.
  std::array<std::array<Counter, kErrorCodes.size()>, kMessageTypeCount> counts_{};
};

/// How long a task that is handed to a loop waits for its start. The bounds of the histogram run
/// from 100 us to 2 s.
struct LoopLag : DurationHistogram<7> {
  LoopLag()
      : DurationHistogram({std::chrono::microseconds(100), std::chrono::milliseconds(1),
                           std::chrono::milliseconds(5), std::chrono::milliseconds(20),
                           std::chrono::milliseconds(100), std::chrono::milliseconds(500),
                           std::chrono::seconds(2)}) {}
};

}  // namespace peer
