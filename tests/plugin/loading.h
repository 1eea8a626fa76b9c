#pragma once

#include <string>
#include <vector>

#include "core/plugin/loader.h"

namespace peer {

inline const std::string kPluginDir = PEER_PLUGIN_DIR;
inline const std::string kTestPluginDir = PEER_TEST_PLUGIN_DIR;
inline const std::string kBadPluginDir = PEER_BAD_PLUGIN_DIR;

/// What load_plugins() did: the plugins, or the mistakes.
struct Loaded {
  LoadedPlugins plugins;
  std::vector<std::string> mistakes;
};

inline Loaded load(const PluginsConfig& config, const std::string& directory = kPluginDir) {
  Loaded loaded;
  loaded.plugins = load_plugins(config, directory, loaded.mistakes);
  return loaded;
}

/// A plugin from somewhere else than the plugin directory.
inline PluginChoice choice(const std::string& name, const std::string& file) {
  return {.name = name, .file = file, .options = {}, .where = "peer-server.yaml:7"};
}

inline PluginsConfig with_room_policy(const std::string& name, const std::string& file) {
  PluginsConfig config;
  config.room_policy = {choice(name, file)};
  return config;
}

/// A peer's fingerprint, of which the first byte tells it from others.
inline sdk::Fingerprint peer_number(std::uint8_t number) {
  sdk::Fingerprint fingerprint;
  fingerprint.bytes[0] = number;
  return fingerprint;
}

inline sdk::Instant at(std::int64_t ms) { return sdk::Instant(std::chrono::milliseconds(ms)); }

}  // namespace peer
