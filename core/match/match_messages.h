#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/base/fingerprint.h"
#include "core/hub/namespace_directory.h"
#include "core/net/websocket/frame.h"
#include "core/protocol/events.h"

namespace peer {

/// A session_id: 32 hex digits.
using SessionId = std::array<char, 32>;
/// A new one from the system's random source.
[[nodiscard]] SessionId new_session_id();
[[nodiscard]] inline std::string_view digits_of(const SessionId& id) {
  return {id.data(), id.size()};
}
/// `[[fingerprint...]...]`, a JSON text; empty without teams. `peer_of(id)`: of a ticket.
template <typename PeerOf>
[[nodiscard]] std::string teams_json(const std::vector<std::vector<sdk::TicketId>>& teams,
                                     PeerOf peer_of) {
  std::string text;
  for (const auto& team : teams) {
    text += text.empty() ? "[[" : ",[";
    for (const sdk::TicketId id : team) {
      text.append(text.back() == '[' ? "\"" : ",\"").append(to_hex(peer_of(id))).append("\"");
    }
    text += ']';
  }
  return text.empty() ? text : text + ']';
}
/// `{namespace, session_id, peers[], teams}`; empty objects are left out, and empty `teams`. Where
/// `matched` would be longer than `max_size`, the last peers stand without `meta`.
[[nodiscard]] std::string matched_payload(std::string_view ns, std::string_view session_id,
                                          const std::vector<std::string>& peer_objects,
                                          std::size_t max_size, std::string_view teams = {});
/// `matched`; `request_id`: raw JSON, or empty.
[[nodiscard]] FrameRef matched_frame(std::string_view ns, std::string_view payload,
                                     std::string_view request_id, sdk::Instant now);
/// `matched` as a whole group hears it.
struct Matched {
  FrameRef frame;            ///< for those whose requests have been answered
  std::string_view payload;  ///< in it: for the frame of one whose request has an id still to echo
};
/// It is made of `peers` as members of the namespace; who is none is left out.
[[nodiscard]] Matched matched_of(const NamespaceDirectory& namespaces, std::string_view ns,
                                 std::string_view session_id, const std::vector<Fingerprint>& peers,
                                 std::size_t max_size, std::string_view teams, sdk::Instant now);
/// The same of a namespace of which one of them is a member, without a look-up.
[[nodiscard]] Matched matched_of(const NamespaceDirectory& namespaces, const Namespace& ns,
                                 std::string_view session_id, const std::vector<Fingerprint>& peers,
                                 std::size_t max_size, std::string_view teams, sdk::Instant now);
/// It is made of a payload.
[[nodiscard]] Matched matched_of(std::string_view ns, std::string_view payload, sdk::Instant now);
/// `match_expired {ticket, namespace}` (docs/protocol.md, "C.2 Tickets"). It is sent only to a peer
/// that was told of the ticket.
[[nodiscard]] FrameRef match_expired_frame(std::string_view ns, sdk::TicketId ticket);

/// Has `events` tell of a match, if that is wanted; null: nobody does.
void tell_match(Events* events, std::string_view ns, std::string_view session_id,
                const std::vector<Fingerprint>& peers, sdk::Instant now);

/// What the node that makes the matches says of a ticket to the node of its peer.
struct TicketWord {
  std::optional<std::string> refusal{};          ///< it is not taken: 400 in these words
  std::optional<sdk::MatchForecast> forecast{};  ///< it waits
};
/// As text for Broker::tell_ticket(); empty: it waits, and nothing more is known.
[[nodiscard]] std::string write_word(const TicketWord& word);
/// What is no such text says nothing.
[[nodiscard]] TicketWord read_word(std::string_view text);

}  // namespace peer
