#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <peer/sdk/broker.h>

#include "core/server/node.h"
#include "core/session/session.h"
#include "core/session/session_moves.h"

/// Sessions of this node that go to another one, or are parked. On the session's loop.
namespace peer {

/// Another node claims the session: it is refused, or goes away, with its connection ended, and is
/// offered when no answer is due any more. It stays if nobody takes it in time.
void begin_departure(Node& node, LoopState& home, SessionRef session, const ClaimName& to,
                     const TokenHash& token, std::uint64_t received);
/// No node comes for it: it is parked.
void begin_parking_departure(Node& node, LoopState& home, Session& session);
/// The node of the claim does not take it: it stays, away. Nothing happens once it has been given.
void cancel_departure(Node& node, LoopState& home, SessionRef session, const ClaimName& to);
/// It is about to be cancelled: what the session was sent where it does not go.
void take_heard(LoopState& home, SessionRef session, const ClaimName& to,
                std::span<const FrameRef> frames);
/// The registration is another node's by now: the session leaves the hub, unheard, is sent with all
/// that it has, and ends here. While `hold` lives the broker tells nothing more that concerns it.
void complete_departure(Node& node, LoopState& home, SessionRef session,
                        const sdk::Registered& peer, std::shared_ptr<void> hold);

}  // namespace peer
