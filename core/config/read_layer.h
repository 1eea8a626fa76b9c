#pragma once

#include <string>
#include <vector>

#include "core/config/draft.h"

namespace peer {

/// Reads one layer's settings, a map of top-level keys and `plugins`, into the draft. Keys that
/// are empty or null are set back to their default. Within a layer the order of keys means nothing.
void read_layer(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& root);

/// Reads the value of one top-level key, which is `node.key`.
void read_key(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node);

/// Reads the `plugins` section. The layer's top-level keys must have been read: `broker_type`
/// has to agree with it.
void read_plugins(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& section);

}  // namespace peer
