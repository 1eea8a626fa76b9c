#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/dispatch/peer.h"
#include "core/hub/namespace_directory.h"
#include "core/net/connection.h"
#include "core/net/frame.h"

/// What the server says to clients: every message that it makes, in one place (docs/protocol.md).
/// `id`: the request id to echo, raw JSON, or empty.
namespace peer {

/// What the nodes share has no room for a newcomer.
inline constexpr std::string_view kClusterFull = "cluster full";

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
[[nodiscard]] FrameRef peer_joined_frame(const Fingerprint& peer, std::string_view ns,
                                         std::string_view object, sdk::Instant now);
[[nodiscard]] FrameRef peer_left_frame(const Fingerprint& peer, std::string_view ns,
                                       sdk::Instant now);
[[nodiscard]] FrameRef kick_frame(const Fingerprint& by, const Fingerprint& target,
                                  std::string_view room_id, sdk::Instant now);
[[nodiscard]] FrameRef room_updated_frame(std::string_view room_id, const Room& room,
                                          sdk::Instant now);
[[nodiscard]] FrameRef room_closed_frame(std::string_view room_id, sdk::Instant now);
/// A room policy's own message.
[[nodiscard]] FrameRef room_message_frame(std::string_view room_id, std::string_view type,
                                          std::string_view payload, sdk::Instant now);

/// The JSON of a `signal` or `relay` on its way to the target; `payload` empty: absent.
[[nodiscard]] FrameRef directed_frame(std::string_view type, const Fingerprint& from,
                                      const Fingerprint& to, std::string_view payload,
                                      sdk::Instant now);
/// The same to an alias that only nodes of another kind may know.
[[nodiscard]] FrameRef directed_frame(std::string_view type, const Fingerprint& from,
                                      std::string_view alias, std::string_view payload,
                                      sdk::Instant now);
/// The JSON of a `broadcast`; `data` empty: absent.
[[nodiscard]] FrameRef broadcast_frame(const Fingerprint& from, std::string_view ns,
                                       std::string_view data, sdk::Instant now);
/// The JSON text within a text frame.
[[nodiscard]] std::string_view text_of(const FrameRef& frame);

}  // namespace peer
