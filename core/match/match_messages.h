#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/net/frame.h"

namespace peer {

/// A new session_id: 32 hex digits from the system's random source.
[[nodiscard]] std::string new_session_id();
/// `{namespace, session_id, peers[]}`; empty objects are left out. Where `matched` would be longer
/// than `max_size`, the last peers stand without `meta`.
[[nodiscard]] std::string matched_payload(std::string_view ns, std::string_view session_id,
                                          const std::vector<std::string>& peer_objects,
                                          std::size_t max_size);
/// `matched`; `request_id`: raw JSON, or empty.
[[nodiscard]] FrameRef matched_frame(std::string_view ns, std::string_view payload,
                                     std::string_view request_id, sdk::Instant now);
/// `match_expired {ticket, namespace}` (docs/protocol.md, "C.2 Tickets").
[[nodiscard]] FrameRef match_expired_frame(std::string_view ns, sdk::TicketId ticket);

}  // namespace peer
