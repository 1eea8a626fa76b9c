#pragma once

#include <cstddef>

namespace peer_redis {

/// The scripts in lua/, in the order of CMakeLists.txt. Each starts with what it takes and gives.
enum class Script : std::size_t {
  kRegister,
  kUnregister,
  kResolve,
  kRoute,
  kBroadcast,
  kJoin,
  kLeave,
  kUpdate,
  kList,
  kReadRoom,
  kCommitRoom,
  kMembers,
  kBeat,
  kSettled,
  kOwnPeers,
  kForget,
  kResync,
  kReap,
  kGoodbye,
  kAddTicket,
  kRemoveTicket,
  kClaim,
  kTickets,
  kCheck,
};
inline constexpr std::size_t kScriptCount = static_cast<std::size_t>(Script::kCheck) + 1;

struct ScriptText {
  const char* name;
  const char* text;
};
extern const ScriptText kScripts[kScriptCount];

}  // namespace peer_redis
