#pragma once

#include <string>
#include <string_view>

#include "core/config/keys.h"
#include "core/config/load_config.h"

namespace peer {

/// The text of `--print-config`: all keys with their effective values, each with where it comes
/// from as a comment: "default", "peer-server.yaml:12", "environment variable PEER_PORT", "command
/// line". YAML that loads to the same configuration, but for secrets: these are commented out, and
/// their values are not shown. `loaded` has no mistakes.
[[nodiscard]] std::string print_config(const LoadedConfig& loaded);

/// Whether the value of a key is not to be shown.
[[nodiscard]] bool is_secret(const ConfigKey& key, const Config& config);

/// Whether the value of a plugin's option is not to be shown, since a word of its name says what it
/// is ("password", "api_key", "tokens"), or its value is a URL with a user in it, or a map with
/// such an option.
[[nodiscard]] bool is_secret_option(std::string_view name, const sdk::PluginConfig::Option& value);

}  // namespace peer
