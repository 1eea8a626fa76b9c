#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/broker_types.h>

#include "core/dispatch/handlers.h"
#include "core/dispatch/node.h"

/// Matching with other nodes (ARCHITECTURE.md, "Rooms and matching"). A ticket is kept by the node
/// of its peer (OwnTickets) and by what the nodes share; one node, of which the broker decides,
/// runs the strategy over all tickets of a namespace (SharedQueues, on the loop that loop_for()
/// names) and claims the groups.
namespace peer {

/// `match`, checked but for the strategy's part. The answer, `waiting` or `matched`, comes when the
/// node that makes the matches has looked at the ticket; kRefused: it was answered otherwise.
MatchOutcome::Status request_shared_match(const Call& call, MatchRequest request,
                                          bool shows_ticket);
/// `match_cancel` of a member.
void cancel_shared_match(const Call& call, std::string_view ns);
/// The peer's ticket ends, for it leaves the namespace.
void drop_shared_ticket(Node& node, Connection& connection, std::string_view ns);

/// The loop on which this node makes the matches of a namespace, and settles what concerns none of
/// its own peers.
[[nodiscard]] EventLoop& loop_for(Node& node, std::string_view ns);
/// That node has looked at a ticket, and it waits. Any thread.
void answer_waiting(Node& node, sdk::TicketId ticket);
// On that loop, for the broker.
void add_shared_ticket(Node& node, EventLoop& loop, const std::string& ns,
                       const sdk::SharedTicket& ticket);
void remove_shared_ticket(Node& node, EventLoop& loop, const std::string& ns, sdk::TicketId ticket);
/// Tells those of the matched who are this node's. Any thread.
void tell_matched(Node& node, const sdk::MatchNews& match, sdk::Instant now);

}  // namespace peer
