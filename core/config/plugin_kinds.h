#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/broker.h>
#include <peer/sdk/dialect.h>
#include <peer/sdk/match_strategy.h>
#include <peer/sdk/room_policy.h>

#include "core/config/config.h"

namespace peer {

/// How many plugins of a kind a server has, and which of them is asked.
enum class PluginUse {
  kOne,
  kChain,        ///< a list: the first that does not pass
  kByNamespace,  ///< a list: the first of which a pattern fits the name
  kAll,          ///< a list that may be empty: each has its own paths
};

/// What the plugins of one kind have in common. A plugin says its kind by `name`; the loader takes
/// it as that kind only if the configuration asked for it there.
struct PluginKind {
  const char* name;               ///< as in the descriptor
  const char* key;                ///< as in YAML
  const char* interface;          ///< as in the SDK
  const char* prefix;             ///< of file names
  std::uint32_t api_version;      ///< of this server; a plugin with another one is refused
  void (*destroy)(void* object);  ///< what create_plugin() made of this kind
  PluginUse use;
  std::vector<PluginChoice> PluginsConfig::*choices;
};

/// A row of the table. The interface says its name and version itself.
template <typename Interface>
constexpr PluginKind plugin_kind(const char* interface, const char* prefix, PluginUse use,
                                 std::vector<PluginChoice> PluginsConfig::*choices,
                                 const char* key = Interface::kKind) {
  return {Interface::kKind,
          key,
          interface,
          prefix,
          Interface::kApiVersion,
          [](void* object) { delete static_cast<Interface*>(object); },
          use,
          choices};
}

/// The table of kinds, and the only list of them.
inline constexpr std::array<PluginKind, 5> kPluginKinds = {
    plugin_kind<sdk::Broker>("Broker", "broker", PluginUse::kOne, &PluginsConfig::broker),
    plugin_kind<sdk::MatchStrategy>("MatchStrategy", "match", PluginUse::kByNamespace,
                                    &PluginsConfig::match_strategy),
    plugin_kind<sdk::RoomPolicy>("RoomPolicy", "room", PluginUse::kByNamespace,
                                 &PluginsConfig::room_policy),
    plugin_kind<sdk::Auth>("Auth", "auth", PluginUse::kChain, &PluginsConfig::auth),
    plugin_kind<sdk::Dialect>("Dialect", "dialect", PluginUse::kAll, &PluginsConfig::dialects,
                              "dialects")};

inline constexpr const PluginKind& kBrokerKind = kPluginKinds[0];
inline constexpr const PluginKind& kMatchStrategyKind = kPluginKinds[1];
inline constexpr const PluginKind& kRoomPolicyKind = kPluginKinds[2];
inline constexpr const PluginKind& kAuthKind = kPluginKinds[3];
inline constexpr const PluginKind& kDialectKind = kPluginKinds[4];

/// The most entries that a list may have.
inline constexpr std::size_t kMaxPlugins = 64;

/// Where entry `index` of `count` stands in the configuration: "plugins.auth", or "plugins.auth[1]"
/// where there are several. `key`: as in YAML.
[[nodiscard]] std::string plugin_path(std::string_view key, std::size_t index, std::size_t count);

/// What is wrong with the lists as a whole: two entries for what is left, one that can never be
/// reached. `mistake(where, text)` hears of each.
void check_plugin_lists(const PluginsConfig& plugins,
                        const std::function<void(const std::string&, const std::string&)>& mistake);
/// Where every entry of a list has patterns, the default plugin serves the rest: it is added at the
/// end, and `added(kind)` hears of it.
void complete_plugin_lists(PluginsConfig& plugins,
                           const std::function<void(const PluginKind&)>& added);

}  // namespace peer
