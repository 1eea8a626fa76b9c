#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/broker.h>
#include <peer/sdk/dialect.h>
#include <peer/sdk/match_strategy.h>
#include <peer/sdk/plugin_config.h>
#include <peer/sdk/room_policy.h>

#include "core/plugin/core_host.h"
#include "core/plugin/plugin_calls.h"

namespace peer {

/// One loaded plugin, for the log, /stats and /metrics.
struct PluginInfo {
  std::string kind;
  std::string name;
  std::string version;
  std::string file;   ///< absolute path
  std::string label;  ///< tells it from others of its kind: `as`, else its name, else "name#2"
  std::vector<std::string> namespaces = {};  ///< the patterns that it serves
};

/// What the core keeps for one plugin beside its object, which it outlives.
struct PluginRecord {
  PluginRecord(PluginInfo its_info, std::uint32_t its_revision)
      : info(std::move(its_info)),
        revision(its_revision),
        calls(info.kind, info.label),
        host(calls) {}

  const PluginInfo info;
  const std::uint32_t revision;  ///< of the SDK that it was built with
  PluginCalls calls;
  CoreHost host;
  /// The options that it knows, with their defaults, in the order in which it asked for them.
  std::vector<sdk::PluginConfig::Known> options{};
};

/// A plugin's object with its record. Null before it is there, and after reset(): nothing below may
/// be called then.
template <typename Interface>
struct LoadedPlugin {
  /// The record first, so that it is destroyed after the object, which uses its host.
  std::unique_ptr<PluginRecord> record;
  std::unique_ptr<Interface> object;

  [[nodiscard]] Interface& operator*() const { return *object; }
  [[nodiscard]] Interface* operator->() const { return object.get(); }
  [[nodiscard]] PluginCalls& calls() const { return record->calls; }
};

/// The plugins of one server: of each kind at least one, but of dialects maybe none; or, after a
/// mistake, none. Made on the main thread before there are loops, and then the Node's. Their
/// code is never unloaded.
struct LoadedPlugins {
  LoadedPlugin<sdk::Broker> broker;
  // In the order of the configuration.
  std::vector<LoadedPlugin<sdk::MatchStrategy>> match_strategies;
  std::vector<LoadedPlugin<sdk::RoomPolicy>> room_policies;
  std::vector<LoadedPlugin<sdk::Auth>> auths;
  std::vector<LoadedPlugin<sdk::Dialect>> dialects;

  /// Calls `function(record)` for each, in the order of the members above.
  template <typename Function>
  void each(Function function) const {
    if (broker.record != nullptr) function(*broker.record);
    for (const auto& plugin : match_strategies) function(*plugin.record);
    for (const auto& plugin : room_policies) function(*plugin.record);
    for (const auto& plugin : auths) function(*plugin.record);
    for (const auto& plugin : dialects) function(*plugin.record);
  }
  /// Copies, in the order of each().
  [[nodiscard]] std::vector<PluginInfo> infos() const {
    std::vector<PluginInfo> all;
    each([&](const PluginRecord& record) { all.push_back(record.info); });
    return all;
  }
};

}  // namespace peer
