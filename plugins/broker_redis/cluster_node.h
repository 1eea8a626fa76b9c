#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <peer/sdk/broker.h>
#include <peer/sdk/host.h>

#include "kit.h"
#include "options.h"
#include "part.h"

namespace peer_redis {

/// This node in the cluster: what the core has told, and the parts of what the nodes share. Each
/// name is in one of them, the same for all nodes. Loop thread only.
class ClusterNode {
 public:
  ClusterNode(EventLoop& loop, const Options& options, peer::sdk::BrokerHost& host,
              peer::sdk::PluginHost& plugin_host, SharedState& shared);

  void start();
  /// Takes this node's peers out of what is shared, and calls `done` when that has reached Redis,
  /// or cannot.
  void leave_cluster(const Task& done);
  /// Ends the links. Operations under way are answered with "cannot know". Nothing else follows.
  void stop();
  /// At the end of each round of the loop: sends what was queued, and updates what status() shows.
  void flush();
  /// After an exception: what was under way is unknown, so the links are built anew, and the resync
  /// puts right what Redis has.
  void recover(std::string_view what);

  // Where the core's calls go. A registration, its tokens and its messages are where its
  // fingerprint is, members, rooms and tickets where their namespace is.
  [[nodiscard]] Part& part_of(const Fingerprint& peer);
  [[nodiscard]] Part& part_of(std::string_view ns);
  /// For what concerns all parts: there is one.
  [[nodiscard]] Part& only_part() { return *parts_.front(); }

 private:
  peer::sdk::BrokerHost& host_;
  SharedState& shared_;
  Mirror mirror_;
  MemberCounts counts_;
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace peer_redis
