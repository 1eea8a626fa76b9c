#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/server/node.h"
#include "core/session/session.h"
#include "core/session/session_moves.h"

/// A node that stops and its resumable sessions (docs/resume.md, "When a node stops"). Each goes to
/// another node that lives, which keeps it, away, for whichever node its client comes to; with no
/// such node it is parked with what the nodes share, and taken from there by the first that comes.
///
/// On the session's loop, where nothing else is said.
namespace peer {

/// Of one loop, from when the node stops.
struct Parking {
  struct Waiting {
    SessionRef session;
    std::uint32_t attempts = 0;  ///< nodes that were asked
  };
  struct UnderWay {
    Waiting what;
    TimerId timeout;
  };
  std::multimap<Time, Waiting, std::greater<>> waiting;  ///< whose client was heard last, first
  std::map<std::uint32_t, UnderWay> under_way;           ///< by the session's slot
  bool has_ended = false;
};

/// Whether it hands over its sessions at its end.
[[nodiscard]] bool parks_sessions(const Node& node);
/// The node stops: this loop's sessions go elsewhere as soon as they are away. Some are.
void begin_parking(Node& node, LoopState& home);
/// It is away, and the node stops; or it was to go elsewhere, and stays.
void park(Node& node, Session& session);
/// It has gone, to whomever, or has ended.
void forget_parking(Node& node, LoopState& home, std::uint32_t slot);
/// All that could be handed over on this loop and all others has been.
[[nodiscard]] bool parking_has_ended(Node& node, LoopState& home);

/// Another node that stops has a session for this one. Any thread.
void hear_parking(Node& node, const ClaimName& from, std::string_view body);
/// The other node cannot take it.
void take_parking_refusal(Node& node, LoopState& home, std::uint64_t number);
/// Sessions of nodes that have gone may be taken: this one does, as far as it has room. Any thread.
void adopt_parked(Node& node);
/// One has been taken, or could not be.
void adopt_next(Node& node);

}  // namespace peer
