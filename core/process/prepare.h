#pragma once

#include <string>
#include <vector>

#include "core/config/load_config.h"
#include "core/limit/bans.h"
#include "core/net/tls.h"
#include "core/plugin/loaded_plugins.h"

namespace peer {

/// Everything that a server reads from the disk before it listens.
struct Prepared {
  LoadedPlugins plugins;
  TlsContext::Ref tls;  ///< null: plain
  std::vector<Ban> bans;
};

/// Loads the plugins, which get their options, and the certificate with its key, and looks whether
/// what is to be written is a file. Whatever is wrong
/// is added to `loaded.mistakes`, with where it was configured; then nothing of the result is
/// usable. Nothing starts, connects or listens: that is all of `--check-config`, too. A
/// configuration with mistakes is prepared as far as it goes, so that all of them are told at once.
/// Main thread only.
[[nodiscard]] Prepared prepare(LoadedConfig& loaded);

/// The certificate with its key; null without one, or when something is wrong with it, which is
/// added to `loaded.mistakes`.
[[nodiscard]] TlsContext::Ref load_tls(LoadedConfig& loaded);

/// Whether the dialects, which were loaded for `choices`, and the keys that a reload can change go
/// together: paths, and the length of names. Mistakes are added to `loaded.mistakes`.
void check_dialects(LoadedConfig& loaded, const LoadedPlugins& plugins,
                    const std::vector<PluginChoice>& choices);

/// Where plugins are: `plugins.directory`, or <prefix>/lib/peer-server/plugins beside the
/// executable's <prefix>/bin, which `executable_link` leads to.
[[nodiscard]] sdk::Result<std::string> plugin_directory(
    const Config& config, const std::string& executable_link = "/proc/self/exe");

}  // namespace peer
