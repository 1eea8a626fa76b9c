#pragma once

#include <string>
#include <string_view>

#include "core/limit/refusals.h"
#include "core/net/connection.h"
#include "core/server/node.h"
#include "core/session/session.h"

/// Who is not let in, and what it hears. Each refusal is counted and told in the log, with the
/// reason, which the client is not told; it answers with an error, if it has words for it, and
/// closes. Of sessions on their way in, which have a transport. On the session's loop.
namespace peer {

/// What the client gets.
struct TurningAway {
  int code;               ///< of the error
  std::string_view text;  ///< of the error and of the close frame
  CloseCode close;
};
/// `why`: for the log.
void turn_away(Node& node, Session& session, Refusal reason, const std::string& why,
               const TurningAway& answer);

/// 503 and 1013: `max_peers`.
void refuse_full(Node& node, Session& session);
/// The same, for what the nodes share has no room.
void refuse_cluster_full(Node& node, Session& session);
/// 409 and 1008, of a client that speaks another protocol: somebody else has its id.
void refuse_taken(Node& node, Session& session);
/// 401 and 4003: a text that anybody may know must not take the place of who has proved to hold the
/// key. A client of another protocol is told that its id is taken.
void refuse_unproved(Node& node, Session& session);
/// That error, and 1008.
void refuse_first_message(Node& node, Session& session, int code, std::string_view text);
/// 1013, without an error: the key is replaced over and over.
void refuse_too_often(Node& node, Session& session);
/// 1008, without an error: what had to come in time has not.
void refuse_late(Node& node, Session& session, const std::string& why);

/// What a client is told whom an operator keeps out.
inline constexpr std::string_view kBannedMessage = "banned";
/// Whether a ban covers the peer, or its address.
[[nodiscard]] bool is_banned(Node& node, const Session& session);
/// 401 with that, and 4003.
void refuse_banned(Node& node, Session& session);

}  // namespace peer
