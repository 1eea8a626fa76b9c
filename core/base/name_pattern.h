#pragma once

#include <string_view>

namespace peer {

/// Whether a name of a namespace or room matches a pattern: it is that name, or begins with what
/// stands before the '*' at the pattern's end.
[[nodiscard]] inline bool matches_pattern(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

/// An empty pattern fits no name, and one with a '*' that is not its last character fits none that
/// its author meant.
[[nodiscard]] inline bool is_sound_pattern(std::string_view pattern) {
  return !pattern.empty() && pattern.find('*') >= pattern.size() - 1;
}

}  // namespace peer
