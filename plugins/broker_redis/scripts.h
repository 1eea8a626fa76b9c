#pragma once

#include <cstddef>

namespace peer_redis {

/// The scripts in lua/, in the order of CMakeLists.txt, which makes kScripts of the files. Each
/// file begins with its arguments and its answer. Redis knows a script by the hash of its text,
/// which the link learns when it loads them.
enum class Script : std::size_t {
  /// Peers.
  kRegister,
  kUnregister,
  kRevoke,
  kRevocations,
  kResolve,
  kRoute,
  /// Members and messages to them.
  kBroadcast,
  kJoin,
  kLeave,
  kUpdate,
  kList,
  /// Rooms, and what members have missed.
  kReadRoom,
  kCommitRoom,
  kMembers,
  /// Nodes, and what is put right.
  kBeat,
  kSettled,
  kOwnPeers,
  kForget,
  kResync,
  kReap,
  kGoodbye,
  /// Tickets and matches.
  kAddTicket,
  kRemoveTicket,
  kClaim,
  kTickets,
  /// What Redis should have; publishing in a Cluster.
  kCheck,
  kPublish,
  /// Sessions that move.
  kSetTokens,
  kAskSession,
  kTakePeer,
  /// Public rooms.
  kListRooms,
  /// Sessions of a node that stops.
  kAskNode,
  kPark,
  kKeepParked,
  kNextParked,
  /// Whether messages go by the right routes.
  kMoved,
  /// News of members for those who watch them.
  kWatch,
  kSetAway,
  kTellUpdate,
  /// An alias in another part than its peer's.
  kTakeAlias,
  /// Sessions that have something in several parts.
  kTakeHome,
  kTakeCopy,
  kNoteCopies,
  kKeepCopy,
  kEndCopy,
};
inline constexpr std::size_t kScriptCount = static_cast<std::size_t>(Script::kEndCopy) + 1;

/// A script as it is sent; `name`: of its file, without ".lua".
struct ScriptText {
  const char* name;
  const char* text;
  const char* text_in_parts;  ///< where what is shared is in several parts
};
extern const ScriptText kScripts[kScriptCount];

}  // namespace peer_redis
