#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/config/draft.h"

namespace peer {

using Environment = std::map<std::string, std::string>;

/// Reads the variables that set a key. Empty ones count as unset. Other PEER_... names, and
/// addresses such as tcp://10.0.0.1:80, are what container platforms inject for a service that is
/// called "peer": ignored with a warning.
///
/// In a name that begins with PEER_PLUGINS__ the `__` stands for a dot: PEER_PLUGINS__AUTH__NAME,
/// PEER_PLUGINS__AUTH__OPTIONS__LEEWAY; names of options are lower case. Such a name that sets
/// nothing is a mistake. Reads the files that ..._FILE variables name; relative
/// paths are relative to `directory`, which is absolute.
void read_environment(ConfigDraft& draft, const Environment& environment,
                      const std::filesystem::path& directory);

}  // namespace peer
