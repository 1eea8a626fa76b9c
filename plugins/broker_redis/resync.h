#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <peer/sdk/broker.h>

#include "copies.h"
#include "kit.h"
#include "link.h"
#include "ticket_board.h"
#include "watchers.h"

namespace peer_redis {

/// The one way in which Redis is put right: after an outage, after a loss of its data, or when this
/// node was taken for dead. Peers that are dirty are written whole, and what Redis has of this node
/// beyond them is removed. When nothing is dirty any more, the node is connected. A single peer of
/// which Redis has something else is put right by the way, while the node stays connected.
/// Loop thread only.
class Resync {
 public:
  /// What this asks of others.
  struct Events {
    Task finished;
    /// Here is a newer registration of the peer than this node's, or has been, of that time (us):
    /// the peer's own part has to say which of them lives.
    std::function<void(const Registered& peer, std::int64_t newer_us)> is_older;
    /// The peer's own part has it as this node has it.
    std::function<void(const Registered& peer)> is_at_home;
  };

  Resync(Link& link, Copies& copies, Mirror& mirror, MemberCounts& counts, NodeState& state,
         TicketBoard& tickets, Watchers& watchers, peer::sdk::BrokerHost& host, Events events)
      : link_(link),
        copies_(copies),
        mirror_(mirror),
        counts_(counts),
        state_(state),
        tickets_(tickets),
        watchers_(watchers),
        host_(host),
        events_(std::move(events)) {}

  /// `quiet`: nobody has been told of the members here as gone.
  void begin(bool quiet);
  /// The link is down: what is dirty is found anew by the next begin().
  void interrupt();
  /// What Redis has of a peer may differ from the mirror.
  void mark_dirty(const Fingerprint& peer);
  /// Writes one peer now, ahead of what comes next.
  void put_right(const Fingerprint& peer);
  /// Another peer has the alias, as Redis says.
  void lose_alias(const Registered& peer);
  /// `peer` was removed from a room here; its policy is asked who succeeds it, now or when this
  /// node is connected.
  void settle(std::string_view room, const Fingerprint& peer);
  /// Tells the core of those that settle() has kept.
  void settle_kept();

 private:
  /// Reads what Redis has of this node's peers, page by page.
  void list_own_peers(const std::string& cursor);
  /// Removes from Redis the peers of a page that the mirror does not have.
  void forget_unknown(const Reply& fingerprints);
  /// Writes peers that are dirty, 64 at a time, and ends the resync when none is left.
  void go_on();
  /// Adds a membership to the arguments of lua/resync.lua.
  void append(std::vector<std::string>& arguments, const std::string& ns,
              const Mirror::Member& member);
  /// There is a newer registration of the peer.
  void take_newer(const Registered& peer, const Reply& reply);
  /// What others have decided meanwhile: the peer has moved, lost its alias, or lost memberships.
  void take(const Fingerprint& peer, std::uint64_t registration,
            const std::vector<std::string>& namespaces, const Reply& reply);
  /// `kicked_by`: nullopt when the room is another's by now.
  void end_membership(const std::string& ns, const Registered& peer,
                      const std::optional<Fingerprint>& kicked_by);
  void finish();

  Link& link_;
  Copies& copies_;
  Mirror& mirror_;
  MemberCounts& counts_;
  NodeState& state_;
  TicketBoard& tickets_;
  Watchers& watchers_;
  peer::sdk::BrokerHost& host_;
  const Events events_;

  std::unordered_set<Fingerprint> dirty_;  ///< to be put right in Redis
  std::size_t under_way_ = 0;
  bool listing_own_peers_ = false;
  bool quiet_ = false;
  std::vector<std::pair<std::string, Fingerprint>> to_be_settled_;  ///< rooms, who is gone
};

}  // namespace peer_redis
