#pragma once

#include <string_view>

#include "core/server/node.h"
#include "core/session/session.h"

/// How a client becomes a peer (docs/protocol.md, "First message"). On the session's loop.
namespace peer {

/// A message of a session that is not registered yet: register, resume, or auth_response.
void handle_first_message(Node& node, Session& session, std::string_view text);
/// Answers with the error, and closes 1008.
void refuse_first_message(Node& node, Session& session, int code, std::string_view text);
/// What a client is told whom an operator keeps out.
inline constexpr std::string_view kBannedMessage = "banned";
/// Whether a ban covers the peer, or its address.
[[nodiscard]] bool is_banned(Node& node, const Session& session);
/// Answers with that, and closes 4003.
void refuse_banned(Node& node, Session& session);
/// Closes 1013: the key is replaced over and over.
void refuse_too_often(Node& node, Session& session);
/// The time that a registration or a grant had is over: the session is closed.
void handle_deadline(Node& node, Session& session);

class ForeignSession;

/// Of a ForeignSession, instead of a first message.
struct ForeignClient {
  std::string public_key;  ///< what its fingerprint is made of: no client can say it
  std::string meta;        ///< an object
};
/// Judges the client as any other, and goes on to `registered`, or to an error and a close. Its
/// stage is kRegistering.
void register_foreign(Node& node, ForeignSession& session, ForeignClient client);

}  // namespace peer
