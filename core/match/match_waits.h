#pragma once

#include "core/base/counter.h"

namespace peer {

/// How long tickets waited from the request to the match. Tickets that ended in another way are not
/// counted. Any thread.
struct MatchWaits : DurationHistogram<8> {
  MatchWaits()
      : DurationHistogram({std::chrono::milliseconds(10), std::chrono::milliseconds(100),
                           std::chrono::seconds(1), std::chrono::seconds(5),
                           std::chrono::seconds(15), std::chrono::seconds(60),
                           std::chrono::seconds(300), std::chrono::seconds(900)}) {}
};

}  // namespace peer
