#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "core/config/keys.h"
#include "core/config/nearest.h"
#include "core/config/print_config.h"
#include "core/config/read_layer.h"
#include "core/config/read_secret_file.h"
#include "core/config/value_rules.h"

namespace peer {
namespace {

using Kind = ConfigNode::Kind;

struct PluginKind {
  const char* key;
  PluginChoice PluginsConfig::*choice;
};

constexpr std::string_view kDefaultWhere = "default";  // of a choice that nobody has made

constexpr std::array kPluginKinds = {
    PluginKind{"broker", &PluginsConfig::broker},
    PluginKind{"match_strategy", &PluginsConfig::match_strategy},
    PluginKind{"room_policy", &PluginsConfig::room_policy},
    PluginKind{"auth", &PluginsConfig::auth},
};

/// What the functions below pass to each other: whose settings are read, and from where.
struct Section {
  ConfigDraft& draft;
  const ConfigLayer& layer;
  std::string path;  ///< "plugins.broker"

  void mistake(const ConfigNode& node, const std::string& what) const {
    draft.mistake(where_in(layer, node), path + "." + shown_key(node.key) + ": " + what);
  }
  void set_origin(const ConfigNode& node) const {
    draft.set_origin(path + "." + node.key, layer, node);
  }
  void unknown_key(const ConfigNode& node, const std::vector<std::string>& known) const {
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    mistake(node, "unknown key" + did_you_mean(node.key, known) + "; known: " + list);
  }
  [[nodiscard]] std::vector<const ConfigNode*> entries(const ConfigNode& map) const {
    return entries_of(draft, layer, map, path + ".");
  }
};

/// In one layer the short form and the section must name the same broker.
bool contradicts_broker_type(const Section& section, const ConfigNode& node,
                             const std::string& name) {
  const ConfigDraft::Origin short_form = section.draft.origin("plugins.broker.name");
  const std::string& chosen = section.draft.config.plugins.broker.name;
  if (section.path != "plugins.broker" || short_form.rank != section.layer.rank) return false;
  if (chosen == name) return false;
  section.mistake(node, "expected " + in_quotes(chosen) + " as in broker_type (" +
                            short_form.where + "), got " + in_quotes(name) +
                            "; remove one of them");
  return true;
}

void read_name(const Section& section, PluginChoice& choice, const ConfigNode& node) {
  if (is_empty(node)) return;
  const auto name = as_string(node);
  if (!name || !is_plugin_name(*name)) {
    section.mistake(
        node, "expected " + std::string(kExpectedPluginName) + ", got " + describe(node, true));
    choice.name.clear();
  } else if (contradicts_broker_type(section, node, *name)) {
    choice.name.clear();
  } else {
    choose_plugin(choice, *name, where_in(section.layer, node));
    section.set_origin(node);
  }
}

void read_file_name(const Section& section, PluginChoice& choice, const ConfigNode& node) {
  if (is_empty(node)) {
    choice.file.clear();
    return;
  }
  const auto text = as_string(node);
  if (auto path = text ? absolute_path(section.layer, *text) : std::nullopt) {
    choice.file = std::move(*path);
    const LayerRank named = section.draft.origin(section.path + ".name").rank;
    if (named < section.layer.rank) choice.where = where_in(section.layer, node);
    section.set_origin(node);
  } else {
    section.mistake(node, "expected the path of a shared library, got " + describe(node, true));
  }
}

/// Options whose names end in "_file" are paths, like the keys of that name.
bool make_absolute(const ConfigLayer& layer, const ConfigNode& node,
                   sdk::PluginConfig::Option& option) {
  auto* text = std::get_if<std::string>(&option);
  if (!node.key.ends_with(kSecretFileSuffix) || text == nullptr || text->empty()) return true;
  auto path = absolute_path(layer, *text);
  if (!path) return false;
  *text = std::move(*path);
  return true;
}

void store_option(const Section& options, PluginChoice& choice, const ConfigNode& node,
                  sdk::PluginConfig::Option option) {
  choice.options.insert_or_assign(node.key, std::move(option));
  choice.option_where.insert_or_assign(node.key, where_in(options.layer, node));
  choice.option_text.erase(node.key);
  if (node.kind == Kind::kScalar && node.style == ConfigNode::Style::kUntyped) {
    choice.option_text.emplace(node.key, node.text);
  }
  options.set_origin(node);
}

void forget_option(const Section& options, PluginChoice& choice, const std::string& name) {
  choice.options.erase(name);
  choice.option_where.erase(name);
  choice.option_text.erase(name);
  options.draft.forget_origin(options.path + "." + name);
}

/// A secret and the file that it is in are two names of one option: the later layer counts.
void drop_other_name(const Section& options, PluginChoice& choice, const ConfigNode& node) {
  std::string name = node.key;
  std::string other = name + std::string(kSecretFileSuffix);
  if (name.ends_with(kSecretFileSuffix)) {
    name.resize(name.size() - kSecretFileSuffix.size());
    other = name;
  }
  if (!is_secret_option(name, {}) || !choice.options.contains(other)) return;
  if (options.draft.origin(options.path + "." + other).rank == options.layer.rank) {
    options.mistake(node, shown_key(other) + " is set too; remove one of them");
  } else {
    forget_option(options, choice, other);
  }
}

/// Which options there are only the plugin knows, so here only their types are checked. Their
/// values may be secrets and are never shown.
void read_options(const Section& section, PluginChoice& choice, const ConfigNode& node) {
  if (is_empty(node)) return;
  if (node.kind != Kind::kMap) {
    section.mistake(node, "expected a map of options, got " + describe(node, false));
    return;
  }
  const Section options{section.draft, section.layer, section.path + ".options"};
  for (const ConfigNode* entry : options.entries(node)) {
    if (entry->kind == Kind::kNull) continue;
    auto option = as_option(*entry);
    if (option && !make_absolute(options.layer, *entry, *option)) {
      options.mistake(*entry, "expected a path, got " + describe(*entry, false));
    } else if (option) {
      drop_other_name(options, choice, *entry);
      store_option(options, choice, *entry, std::move(*option));
    } else {
      options.mistake(*entry,
                      "expected a boolean, a finite number, an integer of 64 bits, a string, or a "
                      "list of strings, got " +
                          describe(*entry, false));
    }
  }
}

void read_choice(const Section& section, PluginChoice& choice, const ConfigNode& node) {
  const std::vector<const ConfigNode*> entries = section.entries(node);
  if (choice.where == kDefaultWhere) choice.where = where_in(section.layer, node);
  for (const ConfigNode* entry : entries) {  // first: a new name drops the options of the old one
    if (entry->key == "name") read_name(section, choice, *entry);
  }
  for (const ConfigNode* entry : entries) {
    if (entry->key == "file") {
      read_file_name(section, choice, *entry);
    } else if (entry->key == "options") {
      read_options(section, choice, *entry);
    } else if (entry->key != "name") {
      section.unknown_key(*entry, {"name", "file", "options"});
    }
  }
}

void read_directory(const Section& section, const ConfigNode& node) {
  std::string& directory = section.draft.config.plugins.directory;
  if (is_empty(node)) {
    directory.clear();
    return;
  }
  const auto text = as_string(node);
  if (auto path = text ? absolute_path(section.layer, *text) : std::nullopt) {
    directory = std::move(*path);
    section.set_origin(node);
  } else {
    section.mistake(node, "expected the path of a directory, got " + describe(node, true));
  }
}

void read_entry(const Section& plugins, const ConfigNode& node) {
  if (node.key == "directory") {
    read_directory(plugins, node);
    return;
  }
  std::vector<std::string> known = {"directory"};
  for (const PluginKind& kind : kPluginKinds) {
    known.emplace_back(kind.key);
    if (node.key != kind.key) continue;
    if (node.kind == Kind::kMap) {
      PluginChoice& choice = plugins.draft.config.plugins.*kind.choice;
      read_choice({plugins.draft, plugins.layer, "plugins." + node.key}, choice, node);
    } else if (!is_empty(node)) {
      plugins.mistake(node, "expected a map {name, file, options}, got " + describe(node, true) +
                                "; write {name: ...}");
    }
    return;
  }
  plugins.unknown_key(node, known);
}

}  // namespace

std::vector<std::string> plugin_kind_keys() {
  std::vector<std::string> keys;
  for (const PluginKind& kind : kPluginKinds) keys.emplace_back(kind.key);
  return keys;
}

void read_plugins(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& section) {
  if (is_empty(section)) return;
  if (section.kind != Kind::kMap) {
    draft.mistake(where_in(layer, section),
                  "plugins: expected a map, got " + describe(section, false));
    return;
  }
  const Section plugins{draft, layer, "plugins"};
  for (const ConfigNode* node : plugins.entries(section)) read_entry(plugins, *node);
}

}  // namespace peer
