#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/dispatch/peer.h"
#include "core/hub/namespace_directory.h"
#include "core/net/connection.h"
#include "core/net/frame.h"

/// What the server answers to clients (docs/protocol.md); what it tells them unasked:
/// wire/notices.h. `id`: the request id to echo, raw JSON, or empty.
namespace peer {

/// A direct reply: `{"type":type,"id":id,"payload":payload}`; an empty payload is left out.
void reply(Connection& connection, std::string_view type, std::string_view id,
           std::string_view payload);
/// `error {code, message}`; `message` is the protocol's own words.
void reply_error(Connection& connection, std::string_view id, int code, std::string_view message);
/// The same, counted as an answer to a message of that type: for one that comes later, while the
/// peer's further messages were handled. The other counts it under the type of the latest.
void reply_error(Connection& connection, MessageType answered, std::string_view id, int code,
                 std::string_view message);
/// `ack {delivered, dropped}`, to a request with an id only (docs/protocol.md, "C.1 Request ids").
void reply_ack(Connection& connection, std::string_view id, std::uint32_t delivered,
               std::uint32_t dropped);
/// `registered`, with the peer's own fingerprint as `from`.
void reply_registered(Connection& connection, const Peer& peer, std::string_view id);
void reply_peer_list(Connection& connection, std::string_view id, std::string_view ns,
                     const PeerPage& page);
/// The length of a `peer_list` beside its peers, at most.
[[nodiscard]] std::size_t peer_list_overhead(std::string_view id, std::string_view ns);
/// `room_created` and `room_info` share a payload but for the count.
void reply_room(Connection& connection, std::string_view type, std::string_view id,
                std::string_view room_id, const Room& room, std::optional<std::size_t> peer_count);

/// `match {status: waiting}`, with the ticket for a peer that asked for one (docs/protocol.md, "C.2
/// Tickets").
void reply_waiting(Connection& connection, std::string_view id, sdk::TicketId ticket,
                   bool shows_ticket);
/// `match_cancelled`.
void reply_cancelled(Connection& connection, std::string_view id, sdk::TicketId ticket);

/// What others see of a peer: `{fingerprint, alias, alias_taken?, app_type?, meta}`. `meta` is the
/// last member (without_meta).
[[nodiscard]] std::string peer_object(const Peer& peer, std::string_view app_type,
                                      std::string_view join_meta);

}  // namespace peer
