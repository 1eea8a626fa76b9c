#pragma once

#include <string>
#include <vector>

#include <peer/sdk/plugin_config.h>

#include "core/config/config.h"

namespace peer {

/// What only the plugin can decide about its options, once it has been made and has asked for those
/// that it knows (`asked`). Changes `choice.options`, and returns whether it did: then the plugin
/// has to be made again.
///  - An option that came without a type (environment, command line) becomes a string, or a list of
///    strings separated by commas, where the plugin expects one: `12` may be a password.
///  - Of a secret `k` that the plugin asked for, the file that `k_file` names is read, unless the
///    plugin asked for `k_file` itself; also of one in a map. A file that cannot be read is a
///    mistake "k_file: ...".
/// Main thread: reads the disk.
[[nodiscard]] bool settle_options(PluginChoice& choice, const sdk::PluginConfig& asked,
                                  std::vector<std::string>& mistakes);

}  // namespace peer
