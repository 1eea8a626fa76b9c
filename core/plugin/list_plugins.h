#pragma once

#include <string>

#include <peer/sdk/result.h>

#include "core/config/config.h"

namespace peer {

/// The text of `--list-plugins`: every plugin in `config.directories` and in `directory`
/// (absolute), and those that `config` names by a file elsewhere: kind, name, version, file, and
/// each option with its default and what it takes. A file that cannot be loaded is listed with the
/// reason; a directory that cannot be read is an error.
///
/// Makes each plugin once, without options, to learn what it asks for, and destroys it; none is
/// started. Main thread only.
[[nodiscard]] sdk::Result<std::string> list_plugins(const PluginsConfig& config,
                                                    const std::string& directory);

}  // namespace peer
