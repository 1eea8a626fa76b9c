#include "core/config/settings_tree.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/keys.h"
#include "core/config/read_text.h"

namespace peer {
namespace {

/// "plugins.auth.options.a.b" as plugins, auth, options, a.b: an option's name may have dots.
std::vector<std::string> split_path(std::string_view path) {
  constexpr std::size_t kDeepest = 4;
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos || parts.size() + 1 == kDeepest) break;
    parts.emplace_back(path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  parts.emplace_back(path);
  return parts;
}

ConfigNode setting_node(const std::vector<std::string>& path, const std::string& text) {
  const ConfigKey* key = path.size() == 1 ? find_config_key(path[0]) : nullptr;
  const bool typed = path.size() == 4 || (key != nullptr && key->list);
  if (typed && (text.starts_with('"') || text.starts_with('['))) {
    ConfigTree tree = read_json(text);
    if (auto* node = std::get_if<ConfigNode>(&tree)) {
      node->key = path.back();
      node->line = 0;
      return std::move(*node);
    }
  }
  return untyped(path.back(), text);
}

ConfigNode& child_map(ConfigNode& parent, const std::string& key) {
  for (ConfigNode& child : parent.children) {
    if (child.key == key && child.kind == ConfigNode::Kind::kMap) return child;
  }
  ConfigNode& child = parent.children.emplace_back();
  child.kind = ConfigNode::Kind::kMap;
  child.key = key;
  return child;
}

}  // namespace

void add_setting(ConfigNode& root, const std::string& dotted, const std::string& text) {
  std::vector<std::string> path =
      dotted.starts_with("plugins.") ? split_path(dotted) : std::vector{dotted};
  ConfigNode* parent = &root;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) parent = &child_map(*parent, path[i]);
  std::erase_if(parent->children, [&](const ConfigNode& node) { return node.key == path.back(); });
  parent->children.push_back(setting_node(path, text));
}

}  // namespace peer
