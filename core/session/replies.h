#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/match_strategy.h>
#include <peer/sdk/room_policy.h>

#include "core/config/config.h"
#include "core/hub/namespace.h"
#include "core/net/websocket/frame.h"
#include "core/session/session.h"

/// What the server answers to clients (docs/protocol.md); what it tells them unasked:
/// wire/notices.h. `id`: the request id to echo, raw JSON, or empty.
namespace peer {

/// A direct reply: `{"type":type,"id":id,"payload":payload}`; an empty payload is left out.
void reply(Session& session, std::string_view type, std::string_view id, std::string_view payload);
/// `error {code, message}`; `message` is the protocol's own words.
void reply_error(Session& session, std::string_view id, int code, std::string_view message);
/// The same, counted as an answer to a message of that type: for one that comes later, while the
/// peer's further messages were handled. The other counts it under the type of the latest.
void reply_error(Session& session, MessageType answered, std::string_view id, int code,
                 std::string_view message);
/// The error of a change of a room, or of a join, that is refused.
void reply_refusal(Session& session, std::string_view id, const sdk::RoomRefusal& refusal);
/// `ack {delivered, dropped}`, to a request with an id only (docs/protocol.md, "C.1 Request ids").
void reply_ack(Session& session, std::string_view id, std::uint32_t delivered,
               std::uint32_t dropped);
/// `registered`, with the peer's own fingerprint as `from`. `members`: further ones, each with a
/// comma before it. `ice`: null for who wants none.
void reply_registered(Session& session, std::string_view id, std::string_view members,
                      const std::vector<IceServer>* ice);
/// `resumed`, likewise.
[[nodiscard]] FrameRef resumed_frame(const Session& session, std::string_view id,
                                     std::string_view members);
/// `ice_servers`, with credentials of this minute: whoever asks again gets new ones.
void reply_ice_servers(Session& session, std::string_view id, const std::vector<IceServer>& ice);
void reply_peer_list(Session& session, std::string_view id, std::string_view ns,
                     const PeerPage& page);
/// The length of a `peer_list` beside its peers, at most.
[[nodiscard]] std::size_t peer_list_overhead(std::string_view id, std::string_view ns);
/// `room_created` and `room_info` share a payload but for the count.
void reply_room(Session& session, std::string_view type, std::string_view id,
                std::string_view room_id, const Room& room, std::optional<std::size_t> peer_count);

/// `match {status: waiting}`, with the ticket for a peer that asked for one (docs/protocol.md, "C.2
/// Tickets"), and with what it may expect, if its request had an id.
void reply_waiting(Session& session, std::string_view id, sdk::TicketId ticket, bool shows_ticket,
                   const std::optional<sdk::MatchForecast>& forecast = {});
/// `auth_refreshed`.
void reply_refreshed(Session& session, std::string_view id, milliseconds left);
/// `match_cancelled`.
void reply_cancelled(Session& session, std::string_view id, sdk::TicketId ticket);

/// What others see of a peer: `{fingerprint, alias, alias_taken?, proved?, app_type?, meta}`.
/// `meta` is the last member (without_meta).
[[nodiscard]] std::string peer_object(const Session& session, std::string_view app_type,
                                      std::string_view join_meta);

}  // namespace peer
