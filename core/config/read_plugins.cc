#include <array>
#include <utility>

#include "core/config/keys.h"
#include "core/config/nearest.h"
#include "core/config/read_layer.h"
#include "core/config/value_rules.h"

namespace peer {
namespace {

using Kind = ConfigNode::Kind;

struct PluginKind {
  const char* key;
  PluginChoice PluginsConfig::*choice;
};

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
  const auto file = is_empty(node) ? std::string() : as_string(node);
  if (file && file->find('\0') == std::string::npos && file->size() <= 4096) {
    choice.file = *file;
    section.set_origin(node);
  } else {
    section.mistake(node, "expected the path of a shared library, got " + describe(node, true));
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
    if (auto option = as_option(*entry)) {
      choice.options.insert_or_assign(entry->key, std::move(*option));
      choice.option_where.insert_or_assign(entry->key, where_in(options.layer, *entry));
      options.set_origin(*entry);
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
  choice.where = where_in(section.layer, node);
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
