#include <optional>
#include <utility>
#include <variant>

#include "core/config/plugin_section.h"
#include "core/config/print_config.h"
#include "core/config/read_secret_file.h"
#include "core/config/value_rules.h"

// The options of one plugin. Which there are only the plugin knows, so here only their shapes are
// checked. Their values may be secrets and are never shown.

namespace peer {
namespace {

using Kind = ConfigNode::Kind;
using sdk::PluginOption;
using sdk::PluginOptionMap;
using sdk::PluginOptionMaps;

constexpr const char* kExpectedOption =
    "expected a boolean, a finite number, an integer of 64 bits, a string, a list of strings "
    "or of integers, a map, or a list of maps, got ";

void store_option(const PluginSection& options, PluginChoice& choice, const ConfigNode& node,
                  PluginOption option) {
  choice.options.insert_or_assign(node.key, std::move(option));
  choice.option_where.insert_or_assign(node.key, where_in(options.layer, node));
  choice.option_text.erase(node.key);
  if (node.kind == Kind::kScalar && node.style == ConfigNode::Style::kUntyped) {
    choice.option_text.emplace(node.key, node.text);
  }
  options.set_origin(node);
}

/// With what is noted of the maps in it.
void forget_option(const PluginSection& options, PluginChoice& choice, const std::string& name) {
  choice.options.erase(name);
  choice.option_text.erase(name);
  std::erase_if(choice.option_where, [&](const auto& entry) {
    const std::string& path = entry.first;
    return path == name || path.starts_with(name + "[") ||
           (path.starts_with(name + ".") && !choice.options.contains(path));
  });
  options.draft.forget_origin(options.path + "." + name);
}

/// A secret and the file that it is in are two names of one option.
std::string other_name(const std::string& key) {
  if (!key.ends_with(kSecretFileSuffix)) return key + std::string(kSecretFileSuffix);
  return key.substr(0, key.size() - kSecretFileSuffix.size());
}

bool is_secret_pair(const std::string& key) {
  const std::string other = other_name(key);
  return is_secret_option(other.size() < key.size() ? other : key, {});
}

/// Of the two the later layer counts.
void drop_other_name(const PluginSection& options, PluginChoice& choice, const ConfigNode& node) {
  const std::string other = other_name(node.key);
  if (!is_secret_pair(node.key) || !choice.options.contains(other)) return;
  if (options.draft.origin(options.path + "." + other).rank == options.layer.rank) {
    options.mistake(node, shown_key(other) + " is set too; remove one of them");
  } else {
    forget_option(options, choice, other);
  }
}

/// Reads one value, and what is in it. What is wrong in a map has been reported when there is none.
class OptionReader {
 public:
  /// `wheres` hears where each option in a map was set.
  using Wheres = std::map<std::string, std::string, std::less<>>;
  OptionReader(const ConfigLayer& layer, Wheres& wheres) : layer_(layer), wheres_(wheres) {}

  /// `path`: of the option among all options, "keys[0].kid".
  std::optional<PluginOption> read(const PluginSection& in, const ConfigNode& node,
                                   const std::string& path) {
    if (node.kind == Kind::kMap) return read_maps(in, node, path);
    if (node.kind == Kind::kList && !node.children.empty() &&
        node.children.front().kind == Kind::kMap) {
      return read_list(in, node, path);
    }
    auto option = as_option(node);
    if (!option) {
      in.mistake(node, kExpectedOption + describe(node, false));
    } else if (!make_absolute(node, *option)) {
      in.mistake(node, "expected a path, got " + describe(node, false));
      return std::nullopt;
    }
    return option;
  }

 private:
  /// Options whose names end in "_file" are paths, like the keys of that name.
  bool make_absolute(const ConfigNode& node, PluginOption& option) const {
    auto* text = std::get_if<std::string>(&option);
    if (!node.key.ends_with(kSecretFileSuffix) || text == nullptr || text->empty()) return true;
    auto path = absolute_path(layer_, *text);
    if (!path) return false;
    *text = std::move(*path);
    return true;
  }

  std::optional<PluginOption> read_maps(const PluginSection& in, const ConfigNode& node,
                                        const std::string& path) {
    PluginOptionMaps maps;
    maps.maps.push_back(
        read_map({in.draft, in.layer, in.path + "." + shown_key(node.key)}, node, path));
    return maps;
  }

  std::optional<PluginOption> read_list(const PluginSection& in, const ConfigNode& node,
                                        const std::string& path) {
    PluginOptionMaps maps;
    maps.is_list = true;
    for (const ConfigNode& child : node.children) {
      const std::string number = "[" + std::to_string(maps.maps.size()) + "]";
      if (child.kind != Kind::kMap) {
        in.mistake(node, kExpectedOption + std::string("a list of maps and others"));
        return std::nullopt;
      }
      wheres_.insert_or_assign(path + number, where_in(layer_, child));
      maps.maps.push_back(
          read_map({in.draft, in.layer, in.path + "." + shown_key(node.key) + number}, child,
                   path + number));
    }
    return maps;
  }

  PluginOptionMap read_map(const PluginSection& section, const ConfigNode& node,
                           const std::string& path) {
    PluginOptionMap map;
    for (const ConfigNode* entry : section.entries(node)) {
      if (entry->kind == Kind::kNull) continue;
      const std::string entry_path = path + "." + entry->key;
      auto option = read(section, *entry, entry_path);
      if (!option) continue;
      if (is_secret_pair(entry->key) && map.options.contains(other_name(entry->key))) {
        section.mistake(*entry,
                        shown_key(other_name(entry->key)) + " is set too; remove one of them");
      }
      wheres_.insert_or_assign(entry_path, where_in(layer_, *entry));
      map.options.emplace(entry->key, std::move(*option));
    }
    return map;
  }

  const ConfigLayer& layer_;
  Wheres& wheres_;
};

}  // namespace

void PluginSection::mistake(const ConfigNode& node, const std::string& what) const {
  draft.mistake(where_in(layer, node), path + "." + shown_key(node.key) + ": " + what);
}

void read_plugin_options(const PluginSection& section, PluginChoice& choice,
                         const ConfigNode& node) {
  if (is_empty(node)) return;
  if (node.kind != Kind::kMap) {
    section.mistake(node, "expected a map of options, got " + describe(node, false));
    return;
  }
  const PluginSection options{section.draft, section.layer, section.path + ".options"};
  for (const ConfigNode* entry : options.entries(node)) {
    if (entry->kind == Kind::kNull) continue;
    OptionReader::Wheres wheres;
    auto option = OptionReader(options.layer, wheres).read(options, *entry, entry->key);
    if (!option) continue;
    drop_other_name(options, choice, *entry);
    forget_option(options, choice, entry->key);
    choice.option_where.merge(wheres);
    store_option(options, choice, *entry, std::move(*option));
  }
}

}  // namespace peer
