#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/command_line.h"
#include "core/config/config.h"
#include "core/config/environment.h"
#include "core/config/read_text.h"

/// From a file, the environment and the command line to a Config (docs/configuration.md).
///
/// How values are written: integers, true and false without quotes; strings that look like one of
/// them with quotes; durations as "1m30s", "1.5s" or a number of milliseconds, with or without.
/// Empty strings and null stand for the default. Relative paths are relative to the file that
/// names them, or else to the working directory.
///
/// Thread-safe. Nothing throws, but for lack of memory.
namespace peer {

/// A configuration, or all that is wrong with it, one line for each mistake:
/// "peer-server.yaml:31: port: expected an integer from 0 to 65535, got '8o'". No line shows a
/// password.
struct LoadedConfig {
  Config config;                      ///< valid only if there are no mistakes
  std::vector<std::string> warnings;  ///< what was ignored
  std::vector<std::string> mistakes;
  /// Where what is not at its default was set, by dotted path: "port", "plugins.auth.name".
  std::map<std::string, std::string, std::less<>> origins = {};
  /// False when the file could not be read at all: then nothing follows from the config.
  bool readable = true;
};

/// Reads the file that the command line names, if any, the environment and the command line, each
/// over the one before. Takes over the mistakes of the command line itself. `pipes` is of the file
/// and of those that variables name.
[[nodiscard]] LoadedConfig load_config(const CommandLine& command_line,
                                       const Environment& environment, Pipes pipes = Pipes::kRead);

/// The same for the text of a file alone. `name` is its path: for messages and relative paths,
/// and to tell JSON from YAML.
[[nodiscard]] LoadedConfig load_config_text(std::string_view text, const std::string& name);

}  // namespace peer
