#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/limit/bans.h"
#include "core/server/node.h"

/// What an operator's ban does to sessions (docs/api.md, "Bans"). Any thread.
namespace peer {

/// Takes over a ban, or its end, that this node or another one has decided. A live connection of
/// the peer stays, but a session that is away ends. `now`: milliseconds since the Unix epoch.
struct TakenBan {
  Bans::Change change = Bans::Change::kTaken;
  bool is_kept = true;  ///< false: it holds, but is known to end with the process
};
TakenBan take_ban(Node& node, const Ban& ban, std::int64_t now);
/// The same of several, which another node has. Returns how many of each were news.
struct TakenBans {
  std::size_t put = 0;
  std::size_t lifted = 0;  ///< or over by now
};
TakenBans take_bans(Node& node, std::span<const Ban> bans, std::int64_t now);
/// The time to give a change of a target's ban: now, or later than what is known of it, whatever
/// the clock of the node that said so.
[[nodiscard]] std::int64_t next_change(Node& node, const std::string& target, std::int64_t now);

}  // namespace peer
