#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/protocol/message.h"
#include "core/server/node.h"
#include "core/session/session.h"

/// Sessions that a client may come back to (docs/protocol.md, "C.6 Session resume"). Neither side
/// sends a number with a message: both count, the server from here on for each session that has
/// asked. On the session's loop.
namespace peer {

/// A peer that registers has asked for a session that may be resumed. Returns the token for the
/// client; empty: none is given out.
[[nodiscard]] std::string make_resumable(Node& node, Session& session);
/// `,"session":{"token","window_ms"}`; empty without a token.
[[nodiscard]] std::string session_member(const Node& node, std::string_view token);
/// A message of the client is being handled. Of a resumable session.
void count_handled(Session& session);
/// The client has so many of the messages to it: they need not be kept. False: so many have not
/// been sent.
[[nodiscard]] bool forget_received(Session& session, std::uint64_t received);

/// Whether a client with this token, and so many of the messages, may come back to it; null: no.
[[nodiscard]] bool may_be_resumed(const Session* session, const TokenHash& token,
                                  std::uint64_t received);
/// The session's connection ends without the session; what the connection has not handed over is
/// lost. Returns what begin_away() takes, should nothing else carry the session now.
[[nodiscard]] std::unique_ptr<Away> replace_transport(Session& session);
/// The newcomer's connection, which is held, comes to carry the session of this node, or the client
/// is told why not.
void move_newcomer(Node& node, Operation newcomer, SessionRef session, const TokenHash& token,
                   std::uint64_t received);
/// There is no such session: 404. The third time the connection closes.
void refuse_resume(Node& node, Session& newcomer);

/// `resume`, the first message of a connection. The connection moves to the loop of the session
/// that it names, and carries it from then on; or it stays, and the client is told why not.
void handle_resume(Node& node, Session& newcomer, const Message& message);

}  // namespace peer
