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

/// "plugins.auth.options.a.b" as plugins, auth, options, a.b: an option's name may have dots. In a
/// list, its number comes after the kind: "plugins.auth.1.options.a.b".
std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  while (parts.empty() || parts.back() != "options") {
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) break;
    parts.emplace_back(path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  parts.emplace_back(path);
  return parts;
}

/// Options and lists may be written as JSON, since text alone has no type.
bool takes_json(const std::vector<std::string>& path) {
  if (path.size() == 1) {
    const ConfigKey* key = find_config_key(path[0]);
    return key != nullptr && key->list;
  }
  const std::string& last = path.back();
  return path[path.size() - 2] == "options" || last == "directories" || last == "namespaces" ||
         path.size() == 2;
}

ConfigNode setting_node(const std::vector<std::string>& path, const std::string& text) {
  if (takes_json(path) && text.find_first_of("\"[{") == 0) {
    ConfigTree tree = read_json(text);
    // Otherwise it is a text that only begins with a quote or a bracket.
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
