#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "core/server/loop_state.h"
#include "core/session/session.h"

/// The sessions of a node that stops, in the order in which they are handed over (parking.h). On
/// their loop.
namespace peer {

/// Of one loop, from when the node stops.
struct Parking {
  struct Waiting {
    SessionRef session;
    std::uint32_t attempts = 0;  ///< nodes that were asked, and then the times that it was parked
  };
  struct UnderWay {
    Waiting what;
    TimerId timeout;
  };
  std::multimap<Time, Waiting, std::greater<>> waiting;  ///< whose client was heard last, first
  std::map<std::uint32_t, UnderWay> under_way;           ///< by the session's slot
  /// The same, of those that could not be parked: each is tried again when its time has come.
  std::map<std::uint32_t, UnderWay> pausing;
  bool has_ended = false;
  // What parking.cc does, which stands above all that leads here. On the loop, as a task.
  std::function<void()> hand_over_next;                 ///< those whose turn it is, if any
  std::function<void(std::uint32_t slot)> ask_another;  ///< in the place of a node that took it not
};

/// It is away, and the node stops; or it was to go elsewhere, and stays.
void park(Session& session);
/// It has gone, to whomever, or has ended.
void forget_parking(LoopState& home, std::uint32_t slot);

}  // namespace peer
