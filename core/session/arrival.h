#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "core/server/node.h"
#include "core/session/session.h"
#include "core/session/session_record.h"

/// What a session is made of that comes from another node (session_record.h). On its loop.
namespace peer {

/// As the other node says who it is, registered here by `number`. In no directory yet.
[[nodiscard]] std::unique_ptr<Session> make_session(Node& node, LoopState& home,
                                                    const MovingIdentity& identity,
                                                    std::uint64_t number);
/// It takes its places in the hub, silently.
void enter_namespaces(Node& node, Session& session, const MovingIdentity& identity);
/// What it hears of others, for the broker.
[[nodiscard]] std::vector<sdk::WatchedNamespace> watched_by(const Session& session);
/// What the other node has of it stands before what has come here. It is away.
void add_rest(Node& node, Session& session, MovingRest rest);
/// A ticket that is set aside; dropped where it is none, or the peer no member.
void add_ticket(Node& node, Session& session, MovingTicketOf moving);

}  // namespace peer
