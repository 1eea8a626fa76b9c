#include "core/plugin/loader.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/draft.h"
#include "core/config/keys.h"
#include "core/config/nearest.h"
#include "core/plugin/plugin_kind.h"
#include "core/plugin/settle_options.h"

// From names in the configuration to plugin objects, on the main thread before anything listens.
// In: names, files and options, with the place where each was set. Out: an object of each kind, or
// every mistake as one line with its place. A file is checked (plugin_kind.h) before a call into
// it.
namespace peer {
namespace {

namespace fs = std::filesystem;
using sdk::Error;
using sdk::Result;

/// One plugin on its way in.
struct Loading {
  const PluginKind& kind;
  const PluginChoice& choice;
  std::string path;   ///< "plugins.auth[1]"
  std::string label;  ///< PluginInfo::label
  const std::vector<fs::path>& directories;
  std::vector<std::string>& mistakes;

  /// `text` follows the plugin's key directly: ".name: no plugin ...", ": cannot load ...".
  void mistake(const std::string& text) const { mistake_at(choice.where, text); }
  /// A mistake "<option>: expected ..." is where the option is, else where the map is that it is
  /// missing in, if it is anywhere.
  void option_mistake(const std::string& text) const {
    std::string key = text.substr(0, text.find(": "));
    auto found = choice.option_where.find(key);
    while (found == choice.option_where.end() && key.find_last_of(".[") != std::string::npos) {
      key.resize(key.find_last_of(".["));
      found = choice.option_where.find(key);
    }
    mistake_at(found == choice.option_where.end() ? choice.where : found->second,
               ".options." + text);
  }
  void mistake_at(const std::string& where, const std::string& text) const {
    mistakes.push_back(where + ": " + path + text);
  }
};

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// "known: criteria, skill": the names of the plugins of this kind that are in the directories.
std::string known_names(const Loading& loading) {
  std::set<std::string> names;
  for (const fs::path& directory : loading.directories) {
    const auto found = plugin_names(directory, loading.kind);
    if (!found) return found.error().message;
    names.insert(found->begin(), found->end());
  }
  if (!names.empty()) return "known: " + join({names.begin(), names.end()});
  return "there are none of this kind in '" + loading.directories.back().string() + "'";
}

/// " of this kind, but a room_policy": where a plugin of the name has been put under a wrong kind.
std::string of_another_kind(const Loading& loading) {
  for (const PluginKind& kind : kPluginKinds) {
    const std::string file = plugin_file_name(kind, loading.choice.name);
    std::error_code ignored;
    for (const fs::path& directory : loading.directories) {
      if (&kind == &loading.kind || !fs::exists(directory / file, ignored)) continue;
      return std::string(" of this kind; there is one of kind ") + kind.name;
    }
  }
  return {};
}

/// A directory above it that this user may not enter, say: not the same as not there.
Error cannot_look_at(const fs::path& path, const std::error_code& error) {
  return {"cannot look at '" + path.string() + "': " + error.message() +
          "; check the permissions of its directory"};
}

Result<fs::path> find_file(const Loading& loading) {
  const PluginChoice& choice = loading.choice;
  // A name becomes part of a path: it must not lead out of the directory.
  if (!is_plugin_name(choice.name)) {
    return Error{"'" + choice.name +
                 "' is no plugin name: lower-case letters, digits and '_' only"};
  }
  std::error_code error;
  if (!choice.file.empty()) {
    fs::path path = loading.directories.back() / choice.file;
    if (fs::exists(path, error)) return path;
    if (error) return cannot_look_at(path, error);
    return Error{"no file '" + path.string() + "'; " + known_names(loading)};
  }
  for (const fs::path& directory : loading.directories) {
    fs::path path = directory / plugin_file_name(loading.kind, choice.name);
    if (fs::exists(path, error)) return path;
    if (error) return cannot_look_at(path, error);
  }
  return Error{"no plugin named '" + choice.name + "'" + of_another_kind(loading) + "; " +
               known_names(loading)};
}

/// What load() makes: an object of `kind`, and its record. Both null after a mistake.
struct Made {
  std::unique_ptr<PluginRecord> record;
  void* object = nullptr;
};

/// The number at the end of "peer-server.yaml:12"; 0 where there is none.
int line_of(const PluginChoice& choice, const std::string& path) {
  const auto where = choice.option_where.find(path);
  if (where == choice.option_where.end()) return 0;
  int line = 0;
  const std::string& text = where->second;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), line);
  }
  return line;
}

/// The names in each map among `options`, by their lines; of one line by name. Lists have no names.
void note_names(const PluginChoice& choice,
                const std::map<std::string, sdk::PluginOption, std::less<>>& options,
                const std::string& prefix, CoreHost::OptionNames& names) {
  for (const auto& [key, option] : options) {
    const auto* maps = std::get_if<sdk::PluginOptionMaps>(&option);
    if (maps == nullptr || maps->is_list) continue;
    const std::string path = prefix + key;
    std::vector<std::string>& in_order = names[path];
    for (const auto& [name, value] : maps->maps.front().options) in_order.push_back(name);
    std::stable_sort(in_order.begin(), in_order.end(), [&](const auto& a, const auto& b) {
      return line_of(choice, path + "." + a) < line_of(choice, path + "." + b);
    });
    note_names(choice, maps->maps.front().options, path + ".", names);
  }
}

/// Makes the object with `config`, and once more if only then is known what some options mean.
/// Mistakes are those of the last time. Each time with a host of its own, of which nothing is left
/// over from the time before.
Result<Made> create_with_options(const Loading& loading, const PeerPluginDescriptor& descriptor,
                                 const PluginInfo& info, sdk::PluginConfig& config) {
  CoreHost::OptionNames names;
  note_names(loading.choice, loading.choice.options, {}, names);
  const auto record = [&] {
    auto made = std::make_unique<PluginRecord>(info, descriptor.revision);
    made->host.set_option_names(names);
    return made;
  };
  PluginChoice settled = loading.choice;
  config = sdk::PluginConfig(settled.options);
  Made made{record()};
  Result<void*> object = create_plugin(descriptor, config, made.record->host);
  std::vector<std::string> file_mistakes;
  if (settle_options(settled, config, file_mistakes)) {
    if (object) loading.kind.destroy(*object);
    config = sdk::PluginConfig(settled.options);
    made.record = record();
    object = create_plugin(descriptor, config, made.record->host);
  }
  for (const std::string& mistake : file_mistakes) loading.option_mistake(mistake);
  for (const std::string& mistake : config.mistakes()) loading.option_mistake(mistake);
  if (!object) return object.error();
  made.object = *object;
  return made;
}

/// "keys[0].kid" and "keys[1].kid" are one: "keys[].kid".
std::string without_numbers(std::string key) {
  for (std::size_t at = key.find('['); at != std::string::npos; at = key.find('[', at + 1)) {
    key.erase(at + 1, key.find(']', at) - at - 1);
  }
  return key;
}

void report_unknown_options(const Loading& loading, const sdk::PluginConfig& config) {
  std::vector<std::string> keys;
  std::vector<std::string> known;
  for (const sdk::PluginConfig::Known& option : config.known()) {
    const std::string key = without_numbers(option.key);
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    keys.push_back(key);
    known.push_back(key + " (" + option.expected + ", default " + option.default_value + ")");
  }
  const std::string hint = known.empty() ? "it has none" : "known: " + join(known);
  for (const std::string& key : config.unread()) {
    loading.option_mistake(shown_path(key) + ": unknown option of '" + loading.choice.name + "'" +
                           did_you_mean(without_numbers(key), keys) + "; " + hint);
  }
}

/// Makes the plugin's object. Whatever is wrong becomes a mistake; then the object, if there is
/// one, is only good for being destroyed. Nothing is said of a choice without a name, which was a
/// mistake already.
Made make_object(const Loading& loading) {
  if (loading.choice.name.empty()) return {};
  const Result<fs::path> path = find_file(loading);
  if (!path) {
    loading.mistake((loading.choice.file.empty() ? ".name: " : ".file: ") + path.error().message);
    return {};
  }
  const std::string refusal = ": cannot load plugin '" + path->string() + "': ";
  const Result<PeerPluginDescriptor> descriptor =
      open_plugin(*path, loading.kind, loading.choice.name);
  if (!descriptor) {
    loading.mistake(refusal + descriptor.error().message);
    return {};
  }
  sdk::PluginConfig config;
  const PluginInfo info{loading.kind.name, descriptor->name, descriptor->version,
                        path->string(),    loading.label,    loading.choice.namespaces};
  Result<Made> made = create_with_options(loading, *descriptor, info, config);
  if (!made) {
    loading.mistake(refusal + made.error().message);
    return {};
  }
  report_unknown_options(loading, config);
  made->record->options = config.known();
  return std::move(*made);
}

/// `as`, else the name, with a number where it is not the first of that name.
std::string label_of(const std::vector<PluginChoice>& list, std::size_t index) {
  if (!list[index].as.empty()) return list[index].as;
  const auto same = [&](const PluginChoice& other) { return other.name == list[index].name; };
  const auto before = std::count_if(list.begin(), list.begin() + static_cast<long>(index), same);
  return before == 0 ? list[index].name : list[index].name + "#" + std::to_string(before + 1);
}

/// Whether one may grant an identity that the other grants, too.
bool may_meet(const AuthTraits& one, const AuthTraits& other) {
  if (!one.identity_prefix || !other.identity_prefix) return false;
  return one.identity_prefix->starts_with(*other.identity_prefix) ||
         other.identity_prefix->starts_with(*one.identity_prefix);
}

/// What comes after one that never passes could never be asked; and what one issuer names must not
/// be what another one has named.
void check_chain(const std::vector<LoadedPlugin<sdk::Auth>>& auths,
                 const std::vector<PluginChoice>& choices, std::vector<std::string>& mistakes) {
  std::vector<AuthTraits> traits;
  const auto path = [&](std::size_t i) { return plugin_path(sdk::Auth::kKind, i, auths.size()); };
  const auto mistake = [&](std::size_t i, const std::string& text) {
    mistakes.push_back(choices[i].where + ": " + path(i) + ": plugin '" + choices[i].name + "' " +
                       text);
  };
  for (std::size_t i = 0; i < auths.size(); ++i) {
    traits.push_back(auths[i].object == nullptr ? AuthTraits() : traits_of(auths[i]));
    if (auths[i].object == nullptr) continue;
    if (i + 1 < auths.size() && !traits[i].may_pass) {
      mistake(i, "never passes, so that what follows it could never be asked; put it last");
    }
    for (std::size_t before = 0; before < i; ++before) {
      if (!may_meet(traits[before], traits[i])) continue;
      mistake(i, "may grant the identities that " + path(before) +
                     " grants; give each an identity_prefix of its own, that no other begins with");
      break;
    }
  }
}

}  // namespace

AuthTraits traits_of(const LoadedPlugin<sdk::Auth>& auth) {
  AuthTraits traits;
  const std::uint32_t revision = auth.record->revision;
  if (revision < 1) return traits;
  traits.may_pass = auth.calls().run("may_pass", [&] { return auth->may_pass(); }).value_or(false);
  if (revision < 2) return traits;
  traits.takes_tokens =
      auth.calls().run("takes_tokens", [&] { return auth->takes_tokens(); }).value_or(false);
  traits.renews = auth.calls().run("renews", [&] { return auth->renews(); }).value_or(false);
  traits.identity_prefix = auth.calls()
                               .run("identity_prefix", [&] { return auth->identity_prefix(); })
                               .value_or(std::nullopt);
  return traits;
}

LoadedPlugins load_plugins(const PluginsConfig& config, const std::string& directory,
                           std::vector<std::string>& mistakes) {
  const std::size_t mistakes_before = mistakes.size();
  const std::vector<fs::path> directories = plugin_directories(config, directory);
  const auto load = [&]<typename Interface>(LoadedPlugin<Interface>& plugin, const PluginKind& kind,
                                            std::size_t index) {
    const std::vector<PluginChoice>& list = config.*kind.choices;
    Made made = make_object({kind, list[index], plugin_path(kind.key, index, list.size()),
                             label_of(list, index), directories, mistakes});
    plugin.record = std::move(made.record);
    plugin.object.reset(static_cast<Interface*>(made.object));
  };
  const auto load_all = [&](auto& plugins, const PluginKind& kind) {
    plugins.resize((config.*kind.choices).size());
    for (std::size_t i = 0; i < plugins.size(); ++i) load(plugins[i], kind, i);
  };
  LoadedPlugins loaded;
  load(loaded.broker, kBrokerKind, 0);
  load_all(loaded.match_strategies, kMatchStrategyKind);
  load_all(loaded.room_policies, kRoomPolicyKind);
  load_all(loaded.auths, kAuthKind);
  load_all(loaded.dialects, kDialectKind);
  check_chain(loaded.auths, config.auth, mistakes);
  if (mistakes.size() != mistakes_before) return {};
  return loaded;
}

std::vector<fs::path> plugin_directories(const PluginsConfig& config,
                                         const std::string& directory) {
  std::vector<fs::path> directories;
  for (const std::string& own : config.directories) {
    directories.push_back(fs::path(own).lexically_normal());
  }
  directories.push_back(fs::path(directory).lexically_normal());
  return directories;
}

}  // namespace peer
