#pragma once

#include <string>

#include "core/admin/loop_lag.h"
#include "core/server/node.h"

namespace peer {

/// What the Server API says of a node beside its peers, as JSON (docs/api.md, "Nodes"). Not on a
/// loop that has peers.
[[nodiscard]] std::string node_details_json(Node& node, const LoopLags& lags);
/// Its plugins with their options: `[...]`. What `--print-config` does not show is left out.
[[nodiscard]] std::string plugins_json(const Node& node);

/// Milliseconds with three digits behind the point.
[[nodiscard]] std::string milliseconds_text(std::chrono::microseconds duration);

}  // namespace peer
