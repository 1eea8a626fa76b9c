#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/name_pattern.h"
#include "core/config/keys.h"
#include "core/config/nearest.h"
#include "core/config/plugin_kinds.h"
#include "core/config/plugin_section.h"
#include "core/config/read_layer.h"
#include "core/config/value_rules.h"

// The `plugins` section of one layer. In: its map, after the layer's top-level keys. Out: of each
// kind one PluginChoice in the draft, or a list of them, with the place where each part of it was
// set, or mistakes. Main thread.
//
// A map is of the one plugin that there is so far. With numbers as keys, which is how the
// environment and the command line say it, it is of entries of a list that there is; the number
// behind the last one adds an entry. A list replaces what there is. Which options a plugin has only
// the plugin knows: here they get a type and a place, and the loader compares them with what the
// plugin asks for.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::string_view kDefaultWhere = "default";  // of a choice that nobody has made

/// In one layer the short form and the section must name the same broker.
bool contradicts_broker_type(const PluginSection& section, const ConfigNode& node,
                             const std::string& name) {
  const ConfigDraft::Origin short_form = section.draft.origin("plugins.broker.name");
  const std::string& chosen = section.draft.config.plugins.broker.front().name;
  if (section.path != "plugins.broker" || short_form.rank != section.layer.rank) return false;
  if (chosen == name) return false;
  section.mistake(node, "expected " + in_quotes(chosen) + " as in broker_type (" +
                            short_form.where + "), got " + in_quotes(name) +
                            "; remove one of them");
  return true;
}

void read_name(const PluginSection& section, PluginChoice& choice, const ConfigNode& node) {
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

void read_file_name(const PluginSection& section, PluginChoice& choice, const ConfigNode& node) {
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

void read_label(const PluginSection& section, PluginChoice& choice, const ConfigNode& node) {
  choice.as.clear();
  if (is_empty(node)) return;
  const auto label = as_string(node);
  if (label && is_plugin_name(*label)) {
    choice.as = *label;
    section.set_origin(node);
  } else {
    section.mistake(
        node, "expected " + std::string(kExpectedPluginName) + ", got " + describe(node, true));
  }
}

void read_namespaces(const PluginSection& section, PluginChoice& choice, const ConfigNode& node) {
  choice.namespaces.clear();
  if (is_empty(node)) return;
  auto patterns = rule::names().parse(node, section.layer);
  const bool sound = patterns && !patterns->empty() &&
                     std::all_of(patterns->begin(), patterns->end(), is_sound_pattern);
  if (sound) {
    choice.namespaces = std::move(*patterns);
    section.set_origin(node);
  } else {
    section.mistake(
        node,
        "expected a list of at least one name, each exact, or a prefix followed by '*', "
        "got " +
            describe(node, true));
  }
}

void read_choice(const PluginSection& section, PluginUse use, PluginChoice& choice,
                 const ConfigNode& node) {
  const std::vector<const ConfigNode*> entries = section.entries(node);
  if (choice.where == kDefaultWhere) choice.where = where_in(section.layer, node);
  for (const ConfigNode* entry : entries) {  // first: a new name drops the options of the old one
    if (entry->key == "name") read_name(section, choice, *entry);
  }
  std::vector<std::string> known = {"name", "file", "options", "as"};
  if (use == PluginUse::kByNamespace) known.emplace_back("namespaces");
  for (const ConfigNode* entry : entries) {
    if (std::find(known.begin(), known.end(), entry->key) == known.end()) {
      section.unknown_key(*entry, known);
    } else if (entry->key == "file") {
      read_file_name(section, choice, *entry);
    } else if (entry->key == "options") {
      read_plugin_options(section, choice, *entry);
    } else if (entry->key == "as") {
      read_label(section, choice, *entry);
    } else if (entry->key == "namespaces") {
      read_namespaces(section, choice, *entry);
    }
  }
}

bool has_name(const ConfigNode& entry) {
  return std::any_of(entry.children.begin(), entry.children.end(),
                     [](const ConfigNode& key) { return key.key == "name"; });
}

/// A list replaces what there is, each entry with a name of its own.
void read_list(const PluginSection& plugins, const PluginKind& kind, const ConfigNode& node) {
  const std::size_t count = node.children.size();
  const bool too_few = count == 0 && kind.use != PluginUse::kAll;
  if (kind.use == PluginUse::kOne || too_few || count > kMaxPlugins) {
    plugins.mistake(node, kind.use == PluginUse::kOne
                              ? "expected a map {name, file, options}, got a list; there is one "
                                "plugin of this kind"
                              : "expected a list of 1 to " + std::to_string(kMaxPlugins) +
                                    " plugins, got " + std::to_string(count));
    return;
  }
  plugins.draft.forget_origins("plugins." + node.key);
  std::vector<PluginChoice> list;
  for (const ConfigNode& child : node.children) {
    const PluginSection entry{plugins.draft, plugins.layer,
                              plugin_path(kind.key, list.size(), count)};
    PluginChoice& choice = list.emplace_back();
    choice.where = where_in(plugins.layer, child);
    if (child.kind != Kind::kMap) {
      plugins.draft.mistake(choice.where, entry.path +
                                              ": expected a map {name, file, options}, got " +
                                              describe(child, true) + "; write {name: ...}");
      continue;
    }
    read_choice(entry, kind.use, choice, child);
    if (!has_name(child)) plugins.draft.mistake(choice.where, entry.path + ": expected a name");
  }
  plugins.draft.config.plugins.*kind.choices = std::move(list);
}

std::optional<std::size_t> position_in(std::string_view text) {
  const bool is_one = !text.empty() && text.size() <= 3 &&
                      text.find_first_not_of("0123456789") == std::string_view::npos;
  return is_one ? std::optional(std::stoul(std::string(text))) : std::nullopt;
}

/// What may stand where the number of an entry does.
std::string expected_position(std::size_t count, bool may_grow) {
  if (count == 0) return "expected 0, since the list is empty, and what to set in it";
  return "expected one of the " + std::to_string(count) + " entries of the list, from 0, " +
         (may_grow ? "or " + std::to_string(count) + " to add one, " : std::string()) +
         "and what to set in it";
}

void add_entry(const PluginSection& plugins, const PluginKind& kind, const ConfigNode& entry) {
  std::vector<PluginChoice>& list = plugins.draft.config.plugins.*kind.choices;
  list.emplace_back().where = where_in(plugins.layer, entry);
  // The only one is not called by its number, but it is not the only one any more.
  if (list.size() == 2) {
    plugins.draft.move_origins(plugin_path(kind.key, 0, 1), plugin_path(kind.key, 0, 2));
  }
}

/// "plugins.auth.1.options.leeway" of the environment or the command line.
void read_numbered(const PluginSection& plugins, const PluginKind& kind, const ConfigNode& node) {
  std::vector<PluginChoice>& list = plugins.draft.config.plugins.*kind.choices;
  const PluginSection section{plugins.draft, plugins.layer, "plugins." + node.key};
  std::vector<const ConfigNode*> entries = section.entries(node);
  std::stable_sort(entries.begin(), entries.end(), [](const ConfigNode* a, const ConfigNode* b) {
    constexpr std::size_t kLast = kMaxPlugins;
    return position_in(a->key).value_or(kLast) < position_in(b->key).value_or(kLast);
  });
  for (const ConfigNode* entry : entries) {
    const std::optional<std::size_t> index = position_in(entry->key);
    const bool may_grow = kind.use != PluginUse::kOne && list.size() < kMaxPlugins;
    if (!index || *index > list.size() || (*index == list.size() && !may_grow) ||
        entry->kind != Kind::kMap) {
      section.mistake(*entry, expected_position(list.size(), may_grow));
      continue;
    }
    if (*index == list.size() && !has_name(*entry)) {
      section.mistake(*entry, "expected a name, since the list has no such entry yet");
      continue;
    }
    if (*index == list.size()) add_entry(plugins, kind, *entry);
    read_choice({plugins.draft, plugins.layer, plugin_path(kind.key, *index, list.size())},
                kind.use, list[*index], *entry);
  }
}

void read_kind(const PluginSection& plugins, const PluginKind& kind, const ConfigNode& node) {
  std::vector<PluginChoice>& list = plugins.draft.config.plugins.*kind.choices;
  if (node.kind == Kind::kList) {
    read_list(plugins, kind, node);
  } else if (node.kind == Kind::kMap && !node.children.empty() &&
             position_in(node.children.front().key)) {
    read_numbered(plugins, kind, node);
  } else if (node.kind == Kind::kMap && list.size() > 1) {
    plugins.mistake(node, "is a list of " + std::to_string(list.size()) +
                              " plugins; say of which this is, as in plugins." + node.key +
                              ".0.name");
  } else if (node.kind == Kind::kMap) {
    if (list.empty()) list.emplace_back().where = where_in(plugins.layer, node);
    read_choice({plugins.draft, plugins.layer, "plugins." + node.key}, kind.use, list.front(),
                node);
  } else if (!is_empty(node)) {
    plugins.mistake(node, "expected a map {name, file, options}, got " + describe(node, true) +
                              "; write {name: ...}");
  }
}

void read_directory(const PluginSection& section, const ConfigNode& node) {
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

void read_directories(const PluginSection& section, const ConfigNode& node) {
  std::vector<std::string> directories;
  const auto texts =
      is_empty(node) ? std::vector<std::string>() : rule::names().parse(node, section.layer);
  bool sound = texts.has_value();
  for (const std::string& text : texts.value_or(std::vector<std::string>())) {
    auto path = absolute_path(section.layer, text);
    sound = sound && path;
    if (path) directories.push_back(std::move(*path));
  }
  if (!sound) {
    section.mistake(node, "expected a list of paths of directories, got " + describe(node, true));
    return;
  }
  section.draft.config.plugins.directories = std::move(directories);
  section.set_origin(node);
}

void read_entry(const PluginSection& plugins, const ConfigNode& node) {
  if (node.key == "directory") return read_directory(plugins, node);
  if (node.key == "directories") return read_directories(plugins, node);
  std::vector<std::string> known = {"directory", "directories"};
  for (const PluginKind& kind : kPluginKinds) {
    if (node.key == kind.key) return read_kind(plugins, kind, node);
    known.emplace_back(kind.key);
  }
  plugins.unknown_key(node, known);
}

}  // namespace

void PluginSection::unknown_key(const ConfigNode& node,
                                const std::vector<std::string>& known) const {
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
  mistake(node, "unknown key" + did_you_mean(node.key, known) + "; known: " + list);
}

void read_plugins(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& section) {
  if (is_empty(section)) return;
  if (section.kind != Kind::kMap) {
    draft.mistake(where_in(layer, section),
                  "plugins: expected a map, got " + describe(section, false));
    return;
  }
  const PluginSection plugins{draft, layer, "plugins"};
  for (const ConfigNode* node : plugins.entries(section)) read_entry(plugins, *node);
}

}  // namespace peer
