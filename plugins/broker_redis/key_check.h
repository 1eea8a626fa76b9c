#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "cluster_log.h"
#include "kit.h"
#include "link.h"
#include "resync.h"

namespace peer_redis {

/// Of a peer's memberships so many are looked at in one turn.
inline constexpr std::size_t kMembershipsAtATime = 256;
/// The first of those that are looked at in the turn of that number. With more than
/// kMembershipsAtATime others come with each turn, until all have been looked at.
[[nodiscard]] inline std::size_t first_looked_at(std::size_t memberships, std::uint64_t turn) {
  if (memberships <= kMembershipsAtATime) return 0;
  const std::size_t pieces = (memberships + kMembershipsAtATime - 1) / kMembershipsAtATime;
  return std::min(turn % pieces * kMembershipsAtATime, memberships - kMembershipsAtATime);
}

/// Redis may have thrown keys away (where its eviction policy lets it), or somebody may have
/// deleted them. Nobody is told of that; so a node looks at some of what it has of its own peers
/// with each beat, in turn, and puts back what is missing. Loop thread only.
class KeyCheck {
 public:
  KeyCheck(Link& link, Mirror& mirror, const NodeState& state, Resync& resync, ClusterLog& log)
      : link_(link), mirror_(mirror), state_(state), resync_(resync), log_(log) {}

  /// Looks at the next ones.
  void check_some();
  /// Warns of an eviction policy with which keys may go.
  void check_eviction();

 private:
  /// Adds a peer with some of its memberships to the arguments of lua/check.lua.
  void append(std::vector<std::string>& arguments, const Fingerprint& peer,
              const Mirror::Peer& entry) const;
  /// Adds the next namespaces.
  void append_namespaces(std::vector<std::string>& arguments);
  /// Marks the peers of which something was missing.
  void take(const Reply& reply);

  Link& link_;
  Mirror& mirror_;
  const NodeState& state_;
  Resync& resync_;
  ClusterLog& log_;

  std::deque<Fingerprint> peers_;  ///< still to be looked at in the present turn
  std::string last_namespace_;     ///< that was looked at
  std::uint64_t turn_ = 0;         ///< how often all peers have been put there
  std::string told_policy_;        ///< of eviction, as the log was told
};

}  // namespace peer_redis
