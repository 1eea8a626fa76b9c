#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/plugin/loaded_plugins.h"

namespace peer {

/// Loads the plugins that `config` names: from its `directories`, and then from `directory`
/// (absolute, whatever `config.directory` says), where the shipped ones are. Each problem, of all
/// of them, adds one line to `mistakes`: where it was configured, which plugin, what is wrong, what
/// to do. With any mistake nothing is usable, and the result is empty. A choice without a name is
/// left out: load_config() has told of it.
///
/// Main thread only, before other threads exist. The objects may be destroyed at any time, each
/// before its record; the shared objects stay loaded.
[[nodiscard]] LoadedPlugins load_plugins(const PluginsConfig& config, const std::string& directory,
                                         std::vector<std::string>& mistakes);

/// Where plugins are looked for, in that order.
[[nodiscard]] std::vector<std::filesystem::path> plugin_directories(const PluginsConfig& config,
                                                                    const std::string& directory);

/// What an auth plugin says of itself; asked before the start.
struct AuthTraits {
  bool may_pass = false;
  bool takes_tokens = false;
  bool renews = false;
  /// sdk::Auth::identity_prefix(); of a plugin that was built before there was one, nothing is
  /// known: it may grant any.
  std::optional<std::string> identity_prefix;
};
[[nodiscard]] AuthTraits traits_of(const LoadedPlugin<sdk::Auth>& auth);

}  // namespace peer
