#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/config/draft.h"
#include "core/config/node.h"
#include "core/config/value_rules.h"

/// The key `admin_tokens`: who may use the Server API (docs/api.md). Main thread.
namespace peer {

/// 32 to 1024 printable ASCII characters without spaces: what an Authorization header can carry.
[[nodiscard]] ValueRule<std::string> admin_token_rule();

/// Reads the list into the draft, or notes each mistake in it; a mistake leaves the list as it was.
/// In the environment and on the command line it is written as JSON.
void read_admin_tokens(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node);

/// As read_admin_tokens() takes it, tokens included.
[[nodiscard]] std::string to_yaml(const std::vector<AdminToken>& tokens);

}  // namespace peer
