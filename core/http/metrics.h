#pragma once

#include <string>

#include "core/server/node.h"

namespace peer {

/// Everything that is counted, as Prometheus text (format 0.0.4). Names carry base units; labels
/// are message types, error codes and names from the configuration, never a client's words.
/// Not on a loop that has peers: it reads /proc and walks all namespaces.
[[nodiscard]] std::string render_metrics(Node& node);

}  // namespace peer
