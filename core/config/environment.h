#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/config/draft.h"
#include "core/config/read_text.h"

namespace peer {

using Environment = std::map<std::string, std::string>;

/// Reads the variables that set a key. Empty ones count as unset. Other PEER_... names, and
/// addresses such as tcp://10.0.0.1:80, are what container platforms inject for a service that is
/// called "peer": ignored with a warning. Reads the files that ..._FILE variables name; relative
/// paths are relative to `directory`, which is absolute.
void read_environment(ConfigDraft& draft, const Environment& environment,
                      const std::filesystem::path& directory, Pipes pipes);

}  // namespace peer
