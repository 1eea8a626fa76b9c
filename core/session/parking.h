#pragma once

#include <cstdint>

#include "core/server/node.h"

/// A node that stops and its resumable sessions (docs/resume.md, "When a node stops"). Each goes to
/// another node that lives, which keeps it, away, for whichever node its client comes to; with no
/// such node it is parked with what the nodes share, and taken from there by the first that comes.
/// How a node takes them: adoption.h, claim.h.
///
/// On the session's loop, where nothing else is said.
namespace peer {

/// Whether it hands over its sessions at its end.
[[nodiscard]] bool parks_sessions(const Node& node);
/// The node stops: this loop's sessions go elsewhere as soon as they are away. Some are.
void begin_parking(Node& node, LoopState& home);
/// All that could be handed over on this loop and all others has been.
[[nodiscard]] bool parking_has_ended(Node& node, LoopState& home);
/// The other node cannot take it.
void take_parking_refusal(Node& node, LoopState& home, std::uint64_t number);

}  // namespace peer
