#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/config/draft.h"
#include "core/config/node.h"

/// The key `webhooks`: who is told of events by POST (docs/api.md, "Webhooks"). Main thread.
namespace peer {

/// Reads the list into the draft, or notes each mistake in it; a mistake leaves the list as it was.
/// In the environment and on the command line it is written as JSON.
void read_webhooks(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node);

/// As read_webhooks() takes it, secrets included.
[[nodiscard]] std::string to_yaml(const std::vector<Webhook>& webhooks);

}  // namespace peer
