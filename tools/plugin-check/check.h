#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace peer::plugin_check {

/// What is to be said of one file.
struct Findings {
  std::string report;                 ///< lines, each with its end: what the plugin says of itself
  std::vector<std::string> errors;    ///< why a server refuses it, and what to do
  std::vector<std::string> warnings;  ///< a server loads it, and yet
};

/// Looks at one plugin: its descriptor, what it shows of itself, and its options, for which it is
/// made without any, and once with its defaults. What runs is tried in a child process first;
/// `seconds`: how long each may take. Main thread only.
[[nodiscard]] Findings check(const std::filesystem::path& file, unsigned seconds);

}  // namespace peer::plugin_check
