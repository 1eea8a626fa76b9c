#pragma once

#include <cstdint>

namespace peer {

/// Names a session of a client from any thread; it may have ended when the name is used. What
/// carries its messages, and whether anything does, is the business of its loop
/// (EventLoop::transport_of).
///
/// There is no value that names nobody: one that is made by default names the first session of loop
/// 0. Where there may be none, it is a std::optional.
struct SessionRef {
  std::uint32_t slot : 24 = 0;
  std::uint32_t loop : 8 = 0;    ///< where the session lives: it never moves
  std::uint32_t generation = 0;  ///< counts those that have had the slot: a slot is used again

  friend bool operator==(const SessionRef&, const SessionRef&) = default;
};

}  // namespace peer
