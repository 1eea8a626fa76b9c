#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <peer/sdk/plugin_config.h>

#include "redis_url.h"
#include "tls_client.h"

namespace peer_redis {

/// How a connection introduces itself, and whether it is encrypted.
struct Access {
  std::string username;
  std::string password;
  bool tls = false;
};

/// The plugin's options; plugins/broker_redis/README.md describes them.
struct Options {
  /// One Redis, nodes of one Cluster, or a master and its replicas; none with `sentinels`.
  std::vector<Endpoint> endpoints;
  Access access;
  /// Where Sentinels listen, and by which name they know the master; both or neither.
  std::vector<Endpoint> sentinels;
  std::string master;
  Access sentinel_access;
  /// For Redis and the Sentinels alike.
  TlsOptions tls;
  std::int64_t db = 0;
  /// Of all keys and channels: nodes with the same one are one cluster.
  std::string prefix = "peer";
  /// Whether /ready says no while Redis is away.
  bool required = false;
  /// Whether messages are exchanged with the original implementation; `legacy_strict`: without the
  /// sender's namespaces they are dropped.
  bool legacy_channels = true;
  bool legacy_strict = false;
  /// Over how many parts what is shared is spread. Above 1 without `legacy_channels`
  /// and `sentinels`.
  std::size_t parts = 1;
  /// How often a node beats, how long a beat counts, how long Redis may take to answer a command,
  /// and how often its name is looked up.
  std::chrono::milliseconds beat{3000};
  std::chrono::milliseconds lease{10000};
  std::chrono::milliseconds operation_timeout{1000};
  std::chrono::milliseconds lookup{60000};

  /// A channel of the original implementation; `name`: "signal".
  [[nodiscard]] std::string guide_channel(std::string_view name) const {
    return prefix + ":" + std::string(name);
  }
};

/// Reads all options; mistakes are kept in `config`.
Options read_options(peer::sdk::PluginConfig& config);

}  // namespace peer_redis
