#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/server/node.h"
#include "core/session/session.h"
#include "core/session/session_moves.h"

/// Sessions of other nodes that come to this one: because their clients have come here, or because
/// their nodes stop, or have stopped (adoption.h). On the newcomer's loop, or that which the
/// session comes to, where nothing else is said.
namespace peer {

/// No session here has the token: the newcomer waits until its node has given it, or says why not.
void claim_session(Node& node, Session& newcomer, const TokenHash& token, std::uint64_t received);
/// The node of the session does not give it. Unless it is only busy, the client is told.
void take_refusal(Node& node, LoopState& home, std::uint64_t number, ClaimFate fate);
/// The node of the session says who it is: a session is made of that here, away, and the broker is
/// asked to make the registration this node's. Where that fails, nothing of it is left.
void take_offer(Node& node, LoopState& home, const ClaimName& from, std::string_view identity);
/// The session is whole with this: the client's connection comes to carry it, if it still waits.
void take_rest(Node& node, LoopState& home, std::uint64_t number, std::string_view rest);
/// That node stops, and this one keeps the session until its client comes.
void claim_parked(Node& node, LoopState& home, const std::string& from, const TokenHash& token,
                  std::uint64_t sent);
/// Enters a claim of a session whose client has not come, and returns its number. It ends in time
/// where the session does not come.
std::uint64_t claim_without_client(Node& node, LoopState& home, const TokenHash& token,
                                   std::uint64_t received);

}  // namespace peer
