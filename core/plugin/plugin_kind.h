#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/broker.h>
#include <peer/sdk/match_strategy.h>
#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

namespace peer {

/// What the plugins of one kind have in common.
struct PluginKind {
  const char* name;       ///< as in YAML and in the descriptor
  const char* interface;  ///< as in the SDK
  const char* prefix;     ///< of file names
  std::uint32_t api_version;
  void (*destroy)(void* object);  ///< what create_plugin() made of this kind
};

template <typename Interface>
constexpr PluginKind plugin_kind(const char* interface, const char* prefix) {
  return {Interface::kKind, interface, prefix, Interface::kApiVersion,
          [](void* object) { delete static_cast<Interface*>(object); }};
}

inline constexpr PluginKind kBrokerKind = plugin_kind<sdk::Broker>("Broker", "broker");
inline constexpr PluginKind kMatchStrategyKind =
    plugin_kind<sdk::MatchStrategy>("MatchStrategy", "match");
inline constexpr PluginKind kRoomPolicyKind = plugin_kind<sdk::RoomPolicy>("RoomPolicy", "room");
inline constexpr PluginKind kAuthKind = plugin_kind<sdk::Auth>("Auth", "auth");

/// "match_fifo.so"
[[nodiscard]] std::string plugin_file_name(const PluginKind& kind, const std::string& name);

/// The names of the plugins of this kind that lie in the directory, sorted; or why it cannot be
/// read.
[[nodiscard]] sdk::Result<std::vector<std::string>> plugin_names(
    const std::filesystem::path& directory, const PluginKind& kind);

/// Opens the shared object at `path`, which is absolute, and checks what its descriptor says: that
/// it is the plugin `name` of this kind, built for this server. Calls no function of the plugin.
/// Main thread only.
[[nodiscard]] sdk::Result<const PeerPluginDescriptor*> open_plugin(
    const std::filesystem::path& path, const PluginKind& kind, const std::string& name);

/// Makes the plugin's object, never null. What the plugin asked for, and its mistakes, are in
/// `config` afterwards, also after an error. Main thread only.
[[nodiscard]] sdk::Result<void*> create_plugin(const PeerPluginDescriptor& descriptor,
                                               sdk::PluginConfig& config);

}  // namespace peer
