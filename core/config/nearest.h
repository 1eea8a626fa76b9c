#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peer {

/// The one of `known` that a typing mistake turned into `word`, ignoring case; nullopt if none is
/// close (an edit distance of a third of the word's length, at least 1). Pure; any thread. For
/// messages alone: nothing is ever taken for what it was near to.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 const std::vector<std::string>& known);

/// "; did you mean 'max_peers'?", or "" if none is close.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& known);

}  // namespace peer
