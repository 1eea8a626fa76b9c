#include "core/config/environment.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/keys.h"
#include "core/config/nearest.h"
#include "core/config/plugin_kinds.h"
#include "core/config/read_layer.h"
#include "core/config/read_secret_file.h"
#include "core/config/settings_tree.h"

// The environment as a layer of the configuration. In: the variables of the process. Out: settings
// in the draft, over those of the file, and mistakes that name the variable. Main thread, at the
// start and at each reload: the files that ..._FILE variables name are read.
//
// Which names exist follows from config_keys(). Of those that do not exist, PEER_... are ignored
// with a warning, because container platforms inject such names for a service that is called
// "peer". PEER_PLUGINS__... are mistakes: nobody but an operator writes them.
namespace peer {
namespace {

constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::string_view kPluginsPrefix = "PEER_PLUGINS__";

/// A variable that sets a key, by its value or by the file that the value names.
struct Variable {
  std::string name;
  std::string value;
  bool names_file = false;
};

std::vector<Variable> variables_of(const ConfigKey& key, const Environment& environment) {
  std::vector<Variable> found;
  const auto look_for = [&](const std::string& name, bool names_file) {
    const auto variable = environment.find(name);
    if (variable == environment.end() || variable->second.empty()) return;
    found.push_back({name, variable->second, names_file});
  };
  for (const std::string& name : key.variables) {
    look_for(name, false);
    if (key.secret) look_for(name + std::string(kFileSuffix), true);
  }
  return found;
}

bool is_injected_address(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
}

void read_variable(ConfigDraft& draft, const ConfigKey& key, Variable variable,
                   const std::filesystem::path& directory) {
  const ConfigLayer layer{LayerRank::kEnvironment, "environment variable " + variable.name,
                          directory};
  if (variable.names_file) {
    auto secret = read_secret_file((directory / variable.value).string(), draft.pipes);
    if (!secret) return draft.mistake(layer.name, secret.error().message);
    variable.value = std::move(*secret);
  } else if (!key.secret && is_injected_address(variable.value)) {
    draft.warning(layer.name, "ignored: an address with a scheme is no " + key.name +
                                  "; unset it or rename the service that injects it");
    return;
  }
  read_key(draft, layer, untyped(key.name, std::move(variable.value)));
}

void warn_about_unknown(ConfigDraft& draft, const Environment& environment) {
  std::vector<std::string> known;
  for (const ConfigKey& key : config_keys()) {
    for (const std::string& name : key.variables) {
      known.push_back(name);
      if (key.secret) known.push_back(name + std::string(kFileSuffix));
    }
  }
  const std::set<std::string> names(known.begin(), known.end());
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("PEER_") || names.contains(name) || value.empty()) continue;
    if (name.starts_with(kPluginsPrefix)) continue;
    draft.warning("environment variable " + shown_key(name),
                  "ignored: sets no key" + did_you_mean(name, known));
  }
}

/// The parts of "AUTH__OPTIONS__LEEWAY" in lower case: auth, options, leeway. Empty if a part is,
/// or if there is something else in it than A-Z, 0-9 and _.
std::vector<std::string> split_name(std::string_view name) {
  constexpr std::string_view kBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  if (name.find_first_not_of(kBytes) != std::string_view::npos) return {};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(lower.find("__", begin), lower.size());
    if (end == begin) return {};
    parts.push_back(lower.substr(begin, end - begin));
    if (end == lower.size()) return parts;
    begin = end + 2;
  }
}

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// The dotted name of what a variable PEER_PLUGINS__... sets; empty if it sets nothing.
std::string plugin_setting(std::string_view variable) {
  const std::vector<std::string> parts = split_name(variable.substr(kPluginsPrefix.size()));
  if (parts.size() == 1 && is_one_of(parts[0], {"directory", "directories"})) {
    return "plugins." + parts[0];
  }
  if (parts.empty() || std::none_of(kPluginKinds.begin(), kPluginKinds.end(),
                                    [&](const auto& kind) { return kind.key == parts[0]; })) {
    return {};
  }
  std::size_t key = 1;  // behind the number in a list, if there is one
  if (parts.size() > 1 && parts[1].find_first_not_of("0123456789") == std::string::npos) key = 2;
  if (parts.size() <= key) return {};
  const bool is_option = parts.size() >= key + 2 && parts[key] == "options";
  const bool is_whole =
      parts.size() == key + 1 && is_one_of(parts[key], {"name", "file", "as", "namespaces"});
  if (!is_option && !is_whole) return {};
  std::string dotted = "plugins";
  for (const std::string& part : parts) dotted += "." + part;
  return dotted;
}

/// Unlike other unknown names, an unknown one of these is a mistake: a typo must leave no door
/// open.
void read_plugin_variable(ConfigDraft& draft, const std::string& name, const std::string& dotted,
                          const std::string& value, const std::filesystem::path& directory) {
  const ConfigLayer layer{LayerRank::kEnvironment, "environment variable " + shown_key(name),
                          directory};
  if (dotted.empty()) {
    draft.mistake(
        layer.name,
        "sets nothing; expected PEER_PLUGINS__DIRECTORY, PEER_PLUGINS__DIRECTORIES, or "
        "PEER_PLUGINS__<KIND>__NAME, __FILE, __AS, __NAMESPACES or __OPTIONS__<OPTION>, "
        "where <KIND> is BROKER, MATCH_STRATEGY, ROOM_POLICY, AUTH or DIALECTS, and AUTH__1 the "
        "second of a list; unset it");
    return;
  }
  ConfigNode root;
  root.kind = ConfigNode::Kind::kMap;
  add_setting(root, dotted, value);
  read_layer(draft, layer, root);
}

void read_plugin_variables(ConfigDraft& draft, const Environment& environment,
                           const std::filesystem::path& directory) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const auto& [name, value] : environment) {
    if (name.starts_with(kPluginsPrefix) && !value.empty()) variables.emplace_back(name, value);
  }
  // AUTH__9__NAME before AUTH__10__NAME: each may add an entry.
  std::stable_sort(variables.begin(), variables.end(),
                   [](const auto& a, const auto& b) { return a.first.size() < b.first.size(); });
  for (const bool names : {true, false}) {  // first: a new name drops the options of the old plugin
    for (const auto& [name, value] : variables) {
      const std::string dotted = plugin_setting(name);
      const bool is_name = dotted.ends_with(".name") && dotted.find(".options.") == dotted.npos;
      if (is_name == names) read_plugin_variable(draft, name, dotted, value, directory);
    }
  }
}

}  // namespace

void read_environment(ConfigDraft& draft, const Environment& environment,
                      const std::filesystem::path& directory) {
  for (const ConfigKey& key : config_keys()) {
    std::vector<Variable> variables = variables_of(key, environment);
    // Which of two names counts would depend on an order that nobody sees.
    if (variables.size() > 1) {
      draft.mistake("environment variable " + variables[0].name,
                    variables[1].name + " sets " + key.name + " too; unset one of them");
    }
    if (!variables.empty()) read_variable(draft, key, std::move(variables[0]), directory);
  }
  read_plugin_variables(draft, environment, directory);
  warn_about_unknown(draft, environment);
}

}  // namespace peer
