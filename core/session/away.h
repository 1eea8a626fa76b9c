#pragma once

#include "core/server/node.h"
#include "core/session/session.h"

/// How a session outlives its connection, and how long (docs/protocol.md, "C.6 Session resume"). On
/// the session's loop.
namespace peer {

/// Its connection has ended, or is closing: a session that may be resumed stays, and the connection
/// ends without it. False, and nothing is done: it has to end with its connection.
[[nodiscard]] bool go_away(Node& node, Connection& connection);
/// The same of a session that has lost its transport otherwise; those who watch are told, or not,
/// because it is about to be back.
enum class Told : std::uint8_t { kWatchers, kNobody };
void begin_away(Node& node, Session& session, std::unique_ptr<Away> away,
                Told told = Told::kWatchers);
/// When what is granted to it ends, where its transport has this deadline; kNever: never.
[[nodiscard]] Time grant_ends(const Session& session, Time deadline);
/// It ends when its window is over, its grant, or its age, as these are now.
void await_end(Node& node, Session& session);
/// It has a transport again.
void end_absence(Node& node, Session& session);
/// The session ends, and cannot be resumed any more (end_session); what it has of a resumable one
/// only says who it is from now on. It must have been resumable.
void release_resumable(Node& node, Session& session);
/// Of what was sent, keeps what `resume_buffer_size` and `resume_buffer_bytes` say, beside what the
/// transport has not taken yet.
void trim_kept(Session& session);
/// What its transport, which it is about to lose, has not taken goes on waiting for it. One that is
/// closed sends that all the same, ahead of its close frame; one that is broken does not.
enum class Unsent : std::uint8_t { kStillLeaves, kIsLost };
void keep_unsent(Session& session, Away& away, Unsent unsent);
/// So many of the messages that it has been sent its client may have, at most.
[[nodiscard]] std::uint64_t most_received(const Session& session);

}  // namespace peer
