#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/node.h"

namespace peer {

/// What the command line asks for. Its settings are checked by load_config(), and read once more at
/// each reload: they count for more than the file (docs/configuration.md).
struct CommandLine {
  std::optional<std::string> config_file;
  /// `--set key=value`, in order; of the same key the last one counts.
  std::vector<std::pair<std::string, std::string>> settings;
  std::optional<std::string> port_file;
  std::optional<std::string> pidfile;
  bool daemon = false;
  bool help = false;
  bool version = false;
  bool check_config = false;
  bool print_config = false;
  bool list_plugins = false;
  bool health_check = false;
  /// Where the process was started: relative paths are relative to it.
  std::string working_directory;
  std::vector<std::string> mistakes;  ///< not usable unless empty
};

/// Reads `argv` without its first entry, the program. Values of unknown arguments are never
/// repeated in a mistake: they may be passwords.
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

/// The text of `--help`, one screen.
[[nodiscard]] std::string help_text();

/// The settings as the tree of a file that says the same. Values are untyped, but for options of
/// plugins and lists: `"12"` is a string there, and `["a", "b"]` a list.
[[nodiscard]] ConfigNode settings_tree(const CommandLine& command_line);

}  // namespace peer
