#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster_log.h"
#include "copies.h"
#include "kit.h"
#include "link.h"
#include "resync.h"

namespace peer_redis {

/// Registrations and aliases. What the core tells goes into the mirror first, and then to Redis;
/// when Redis is away, or what it has is still being put right, the mirror is all that changes. The
/// same holds for Namespaces, Rooms and TicketBoard. Loop thread only.
class Peers {
 public:
  Peers(EventLoop& loop, Link& link, Copies& copies, Mirror& mirror, MemberCounts& counts,
        const NodeState& state, Resync& resync, ClusterLog& log, peer::sdk::BrokerHost& host,
        std::function<void(const Registered& peer, std::string_view copies)> end_parked)
      : loop_(loop),
        link_(link),
        copies_(copies),
        mirror_(mirror),
        counts_(counts),
        state_(state),
        resync_(resync),
        log_(log),
        host_(host),
        end_parked_(std::move(end_parked)) {}

  /// See sdk::Broker::register_peer(). A peer of the same fingerprint here is replaced.
  /// `proof`: kProved, a secret or nothing (broker_kit/mirror.h).
  void enter(const Registered& peer, const std::string& alias, std::string_view proof,
             const ReplyTo<peer::sdk::RegisterOutcome>& reply);
  /// In the part of the alias, where that is not the peer's own: whether another peer has it.
  void take_alias(const Registered& peer, const ReplyTo<peer::sdk::RegisterOutcome>& reply);
  /// Nothing happens when a newer registration has the fingerprint.
  void remove(const Registered& peer);
  /// Ends what this part has of a registration that has ended, or is about to.
  void end(const Registered& peer);
  /// Answers with as many holders as aliases, or with "cannot know".
  void resolve(const std::vector<std::string>& aliases,
               const ReplyTo<peer::sdk::ResolveOutcome>& reply);
  /// See sdk::Broker::revoke(). While Redis is away it waits, as one of 1000 at most.
  void revoke(const Fingerprint& peer, const std::string& words);
  /// Redis has been put right: sends the revocations that wait, and looks for those that this node
  /// has missed.
  void connected();
  /// This node ends: takes all of its peers out of what is shared.
  void remove_all();

 private:
  /// `answer`: what lua/revocations.lua has found.
  void take_revocations(const Reply& answer);
  /// The script has answered: the alias is taken, the peer is refused, or it is in.
  void take_entered(const Registered& peer, const Reply* answer,
                    const ReplyTo<peer::sdk::RegisterOutcome>& reply);

  EventLoop& loop_;
  Link& link_;
  Copies& copies_;
  Mirror& mirror_;
  MemberCounts& counts_;
  const NodeState& state_;
  Resync& resync_;
  ClusterLog& log_;
  peer::sdk::BrokerHost& host_;
  /// A parked registration has been replaced in its own part, and has copies elsewhere.
  const std::function<void(const Registered& peer, std::string_view copies)> end_parked_;
  std::deque<std::pair<Fingerprint, std::string>> revocations_;  ///< oldest first
};

}  // namespace peer_redis
