#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/broker.h>
#include <peer/sdk/host.h>

#include "kit.h"

namespace peer_redis {

/// What the operator has been told of all parts.
struct Told {
  std::size_t parts = 1;
  std::set<std::size_t> connected{};     ///< parts
  std::set<std::string> failures{};      ///< kinds, in this outage
  std::map<std::string, Time> losses{};  ///< of data, by where it was and what it was
  std::set<std::string> strangers{};
  std::optional<Time> full{};
  bool is_new_link = false;
  std::uint64_t lost = 0;  ///< messages, in this outage
};

/// What the operator is told of one part, and of all of them: each thing once, until it is over.
/// Loop thread only.
class ClusterLog {
 public:
  /// `redis` says where Redis is, as an operator writes it: asked with each line that names it.
  ClusterLog(peer::sdk::BrokerHost& host, peer::sdk::PluginHost& plugin_host, Told& told,
             std::size_t part, std::function<std::string()> redis)
      : host_(host),
        plugin_host_(plugin_host),
        told_(told),
        part_(part),
        redis_(std::move(redis)) {}

  void warn(std::string_view text) { host_.log_warning(text); }

  /// The link has failed: told once for each kind of reason in an outage.
  void failed(std::string_view why);
  /// Nodes of another version are at work: the same.
  void refused(std::string_view node, std::string_view version);
  /// Nodes for which what is shared is in another number of parts: the same.
  void refused_parts(std::string_view node, std::string_view parts);
  /// There is a new link, by which nothing has been put right yet.
  void went_up() { told_.is_new_link = true; }
  /// The node is part of the cluster, when it is so in all parts: a warning if a failure was told,
  /// else, of a new link, a notice. `nodes`: how many there are. `lost`: messages that were dropped
  /// meanwhile.
  void connected(std::size_t nodes, std::uint64_t lost);
  /// What the epoch of Redis' data says of its beginning (lua/beat.lua).
  void data_lost(std::string_view epoch);
  /// Redis takes nothing new: told once a minute, as each client that is refused is told of it.
  void full(Time now);

  /// Live nodes that do not understand this one: node, version, ... Each is told once.
  void strangers(const std::vector<std::string>& nodes_and_versions);
  /// An envelope of another major version came: told once for each.
  void strange_envelope(char major);

 private:
  /// Whether that is new; at most so many are kept.
  static bool is_first(std::set<std::string>& told, std::string what);
  /// Of a failure: where Redis is several masters, each is told.
  [[nodiscard]] std::string key_of(std::string kind) const {
    return told_.parts == 1 ? kind : std::move(kind) + " " + redis_();
  }

  peer::sdk::BrokerHost& host_;         ///< writes every warning
  peer::sdk::PluginHost& plugin_host_;  ///< for notices
  Told& told_;
  const std::size_t part_;
  const std::function<std::string()> redis_;
};

}  // namespace peer_redis
