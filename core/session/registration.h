#pragma once

#include <string_view>

#include "core/server/node.h"
#include "core/session/session.h"

/// How a client becomes a peer (docs/protocol.md, "First message"). On the session's loop.
namespace peer {

/// A message of a session that is not registered yet: register, resume, or auth_response.
void handle_first_message(Node& node, Session& session, std::string_view text);
/// The time that a registration or a grant had is over: the session is closed.
void handle_deadline(Node& node, Session& session);

class ForeignSession;

/// Of a ForeignSession, instead of a first message.
struct ForeignClient {
  std::string public_key;  ///< what its fingerprint is made of: no client can say it
  std::string meta;        ///< an object
  Fingerprint secret;      ///< the SHA-256 of its token; who shows the same takes its place
};
/// Judges the client as any other, and goes on to `registered`, or to an error and a close. Its
/// stage is kRegistering.
void register_foreign(Node& node, ForeignSession& session, ForeignClient client);

}  // namespace peer
