#pragma once

#include <memory>
#include <string>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/broker.h>
#include <peer/sdk/match_strategy.h>
#include <peer/sdk/room_policy.h>

#include "core/config/config.h"

namespace peer {

/// One loaded plugin, for the log and /stats.
struct PluginInfo {
  std::string kind;
  std::string name;
  std::string version;
  std::string file;  ///< absolute path
};

/// The plugins of one server: all four, or, after a mistake, none.
struct LoadedPlugins {
  std::unique_ptr<sdk::Broker> broker;
  std::unique_ptr<sdk::MatchStrategy> match_strategy;
  std::unique_ptr<sdk::RoomPolicy> room_policy;
  std::unique_ptr<sdk::Auth> auth;
  std::vector<PluginInfo> infos;  ///< in the order of the members above
};

/// Loads the four plugins that `config` names from `directory` (absolute, whatever
/// `config.directory` says). Each problem, of all four, adds one line to `mistakes`: where it was
/// configured, which plugin, what is wrong, what to do. With any mistake nothing is usable, and
/// the result is empty. A choice without a name is left out: load_config() has told of it.
///
/// Main thread only, before other threads exist. The objects may be destroyed at any time; the
/// shared objects stay loaded.
[[nodiscard]] LoadedPlugins load_plugins(const PluginsConfig& config, const std::string& directory,
                                         std::vector<std::string>& mistakes);

}  // namespace peer
