#pragma once

#include <string>
#include <vector>

#include "core/config/draft.h"

namespace peer {

/// What the functions that read the `plugins` section pass to each other: whose settings are read,
/// and from where. Main thread only; draft and layer outlive it.
struct PluginSection {
  ConfigDraft& draft;
  const ConfigLayer& layer;
  std::string path;  ///< "plugins.broker"

  /// Notes it with the place of the node in its file.
  void mistake(const ConfigNode& node, const std::string& what) const;
  /// The node's key has its value from here.
  void set_origin(const ConfigNode& node) const {
    draft.set_origin(path + "." + node.key, layer, node);
  }
  /// A mistake, with the one of `known` that may have been meant.
  void unknown_key(const ConfigNode& node, const std::vector<std::string>& known) const;
  [[nodiscard]] std::vector<const ConfigNode*> entries(const ConfigNode& map) const {
    return entries_of(draft, layer, map, path + ".");
  }
};

/// Reads the map `options` of one plugin, `node`. `section` is the plugin's.
void read_plugin_options(const PluginSection& section, PluginChoice& choice,
                         const ConfigNode& node);

}  // namespace peer
