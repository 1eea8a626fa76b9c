#pragma once

#include <string>

#include "core/config/node.h"

namespace peer {

/// Adds "plugins.auth.options.leeway" with its text to the tree of a layer, over an earlier setting
/// of the same name. The text behind "options." is the option's name, dots included. The text has
/// no type, but for options and lists, where it may be JSON: `"12"` is a string there, `["a", "b"]`
/// a list, `{"a": 1}` a map.
void add_setting(ConfigNode& root, const std::string& dotted, const std::string& text);

}  // namespace peer
