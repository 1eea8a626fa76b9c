#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kit.h"
#include "link.h"
#include "options.h"

namespace peer_redis {

/// Removes the peers of nodes that have died. It takes nobody for dead until this node has beaten
/// for a full lease: when Redis was away all leases have run out at once. Loop thread only.
class Reaper {
 public:
  Reaper(Link& link, const Options& options, const ClusterView& view)
      : link_(link), options_(options), view_(view) {}

  void went_up();
  void went_down() { reaping_.clear(); }
  /// A beat of this node at `now` has found these leases ended.
  void take_beat(Time now, const std::vector<std::string>& dead);

 private:
  /// Removes 100 peers of a node, and goes on until it has none.
  void reap_chunk(const std::string& node);

  Link& link_;
  const Options& options_;
  const ClusterView& view_;
  Time last_beat_{};
  Time beating_since_{};                    ///< without a break
  std::map<std::string, Time> dead_since_;  ///< nodes whose lease has run out
  /// Nodes whose peers are being removed now.
  std::set<std::string> reaping_;
};

}  // namespace peer_redis
