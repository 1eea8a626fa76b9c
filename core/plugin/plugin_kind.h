#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/plugin.h>

#include "core/config/plugin_kinds.h"
#include "core/plugin/child_trial.h"

namespace peer {

/// "match_fifo.so"
[[nodiscard]] std::string plugin_file_name(const PluginKind& kind, const std::string& name);

/// The names of the plugins of this kind that lie in the directory, sorted; or why it cannot be
/// read.
[[nodiscard]] sdk::Result<std::vector<std::string>> plugin_names(
    const std::filesystem::path& directory, const PluginKind& kind);

/// The kind of that name; null: there is none.
[[nodiscard]] const PluginKind* find_plugin_kind(std::string_view name);

/// Opens the shared object at `path`, which is absolute, and returns the descriptor of whatever
/// plugin it is: complete, and as check_descriptor() wants it. What the descriptor of an older SDK
/// lacks is 0. Calls no function of the plugin. Main thread only.
[[nodiscard]] sdk::Result<PeerPluginDescriptor> read_descriptor(
    const std::filesystem::path& path, unsigned seconds_to_load = kTrialSeconds);

/// Why this server cannot use a plugin as `name` of this kind, in words for the operator.
[[nodiscard]] sdk::Result<void> check_descriptor(const PeerPluginDescriptor& found,
                                                 const PluginKind& kind, std::string_view name);

/// Opens the shared object at `path`, which is absolute, and checks what its descriptor says: that
/// it is the plugin `name` of this kind, built for this server. What the descriptor of an older SDK
/// lacks is 0 in the result. Calls no function of the plugin. Main thread only.
[[nodiscard]] sdk::Result<PeerPluginDescriptor> open_plugin(const std::filesystem::path& path,
                                                            const PluginKind& kind,
                                                            const std::string& name);

/// Makes the plugin's object, never null. What the plugin asked for, and its mistakes, are in
/// `config` afterwards, also after an error. Main thread only.
[[nodiscard]] sdk::Result<void*> create_plugin(const PeerPluginDescriptor& descriptor,
                                               sdk::PluginConfig& config, sdk::PluginHost& host);

}  // namespace peer
