#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/unique_task.h"
#include "core/net/operation.h"
#include "core/server/node.h"
#include "core/session/session.h"
#include "core/session/session_record.h"

/// Sessions on their way between nodes (docs/resume.md, "On another node"): what one loop knows of
/// those that it has, and of those that its clients want, and what two nodes say to each other.
///
/// The node of the client *claims* the session (claim.h), the node that has it lets it *depart*
/// (departure.h); session_talk.h takes what the one says to the other.
namespace peer {

/// Who wants a session: a connection of a node's loop, by the number that the session will have
/// there.
struct ClaimName {
  std::string node;
  std::uint8_t loop = 0;
  std::uint64_t number = 0;
};

/// What becomes of a claim.
enum class ClaimFate : std::uint8_t {
  kNotFound = 1,  ///< 404
  kBusy,          ///< the session is on its way already, or has an answer due: it is asked again
  kTooOften,      ///< taken over too often
  kUnavailable,   ///< 503
};

/// What one node says to the other: `loop` and `number` name the claim.
enum class MoveStep : std::uint8_t {
  kClaim = 1,  ///< token, received
  kRefuse,     ///< ClaimFate
  kOffer,      ///< MovingIdentity
  kCancel,     ///< fingerprint: the session stays where it is
  kRest,       ///< MovingRest
  kPark,       ///< token, messages sent: the node stops, and asks another one to claim the session
  kNotParked,  ///< that one cannot
  kBanned,     ///< for how long (ms), token: a ban has ended its session
  kHeard,      ///< HeardMeanwhile; ahead of kCancel
};

/// A client that waits for a session of another node.
struct Claim {
  Operation newcomer;  ///< its connection; none: the session's node has stopped, or is about to
  TokenHash token;
  std::uint64_t received = 0;
  Time ends{};  ///< when it is given up, with all that it has tried
  TimerId timeout;
  std::shared_ptr<MovingRest> rest{};  ///< of a parked session: what it has; null of others
  milliseconds pause{20};              ///< before it is made once more, should the session be busy
};

/// A session that this node offers to another one. It is away.
struct Departure {
  ClaimName to;            ///< its node is empty: the session is being parked
  bool told_away = false;  ///< those who watch know that it is
  bool given = false;      ///< the other node has it
  TimerId timeout;
  std::vector<MovingTicketOf> tickets;
  std::string identity{};  ///< of one that is being parked
};

/// A session that is made for a claim, and has yet to get what the other node has of it.
struct Arriving {
  SessionRef session;
  std::uint64_t number = 0;  ///< of the claim
  bool is_settled = false;   ///< the broker has said that it has come, and what of it
  /// What the other node has sent before that.
  std::shared_ptr<MovingRest> rest{};
};

/// Of one loop; there is none before the first claim.
struct SessionMoves {
  std::map<std::uint64_t, Claim> claims;          ///< by number
  std::map<std::uint32_t, Departure> departures;  ///< by the session's slot
  std::map<std::uint32_t, Arriving> arrivals;     ///< the same
};

/// Of the loop, from now on.
[[nodiscard]] SessionMoves& moves_of(LoopState& home);
/// Whether it is on its way: it cannot be resumed now.
[[nodiscard]] bool is_moving(const LoopState& home, SessionRef session);
/// Whether those who watch others are to see it as away: one that is away only because it is on its
/// way to another node has not been told as such.
[[nodiscard]] bool is_seen_away(const Session& session);
/// It has ended.
void forget_moves(Node& node, Session& session);
/// Goes on, on `home`, whose thread this is, when every loop has come to the end of what it is at:
/// what these have posted by then has been posted before.
void after_all_loops(Node& node, EventLoop& home, UniqueTask<void()> then);

/// Says a step to the node of the claim, or to the one that has the session.
void say(Node& node, std::string_view to, MoveStep step, std::uint8_t loop, std::uint64_t number,
         std::string_view body);
/// Tells the node of the claim why it does not get the session.
void refuse_claim(Node& node, const ClaimName& claim, ClaimFate fate);
/// A ban has ended the session of this token: on all nodes who comes with it until then is told so.
void note_banned(Node& node, const TokenHash& token, Time ends, Time now);
/// What the broker hands to the node that has the session.
[[nodiscard]] std::string claim_text(const ClaimName& claim, const TokenHash& token,
                                     std::uint64_t received);
/// Whether what another node says is for its API (core/admin/node_talk.h).
[[nodiscard]] bool is_api_talk(std::string_view text);
/// Whether it is of its dialects (core/dialect/dialect_waits.h).
[[nodiscard]] bool is_dialect_talk(std::string_view text);

}  // namespace peer
