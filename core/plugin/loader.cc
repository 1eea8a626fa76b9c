#include "core/plugin/loader.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string_view>
#include <utility>

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
  fs::path directory;
  std::vector<std::string>& mistakes;

  /// `text` follows the plugin's key directly: ".name: no plugin ...", ": cannot load ...".
  void mistake(const std::string& text) const { mistake_at(choice.where, text); }
  /// A mistake "<option>: expected ..." is where the option is, if it is anywhere.
  void option_mistake(const std::string& text) const {
    const auto of_text = [&](const auto& entry) { return text.starts_with(entry.first + ": "); };
    const auto& known = choice.option_where;
    const auto option = std::find_if(known.begin(), known.end(), of_text);
    mistake_at(option == known.end() ? choice.where : option->second, ".options." + text);
  }
  void mistake_at(const std::string& where, const std::string& text) const {
    mistakes.push_back(where + ": plugins." + kind.name + text);
  }
};

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// "known: criteria, skill": the names of the plugins of this kind that are in the directory.
std::string known_names(const Loading& loading) {
  const auto found = plugin_names(loading.directory, loading.kind);
  if (!found) return found.error().message;
  const std::vector<std::string>& names = *found;
  if (names.empty()) return "there are none of this kind in '" + loading.directory.string() + "'";
  return "known: " + join(names);
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
    fs::path path = loading.directory / choice.file;
    if (fs::exists(path, error)) return path;
    if (error) return cannot_look_at(path, error);
    return Error{"no file '" + path.string() + "'; " + known_names(loading)};
  }
  fs::path path = loading.directory / plugin_file_name(loading.kind, choice.name);
  if (fs::exists(path, error)) return path;
  if (error) return cannot_look_at(path, error);
  return Error{"no plugin named '" + choice.name + "'; " + known_names(loading)};
}

/// Makes the object with `config`, and once more if only then is known what some options mean.
/// Mistakes are those of the last time.
Result<void*> create_with_options(const Loading& loading, const PeerPluginDescriptor& descriptor,
                                  sdk::PluginConfig& config) {
  PluginChoice settled = loading.choice;
  config = sdk::PluginConfig(settled.options);
  Result<void*> object = create_plugin(descriptor, config);
  std::vector<std::string> file_mistakes;
  if (settle_options(settled, config, file_mistakes)) {
    if (object) loading.kind.destroy(*object);
    config = sdk::PluginConfig(settled.options);
    object = create_plugin(descriptor, config);
  }
  for (const std::string& mistake : file_mistakes) loading.option_mistake(mistake);
  for (const std::string& mistake : config.mistakes()) loading.option_mistake(mistake);
  return object;
}

void report_unknown_options(const Loading& loading, const sdk::PluginConfig& config) {
  std::vector<std::string> keys;
  std::vector<std::string> known;
  for (const sdk::PluginConfig::Known& option : config.known()) {
    keys.push_back(option.key);
    known.push_back(option.key + " (" + option.expected + ", default " + option.default_value +
                    ")");
  }
  const std::string hint = known.empty() ? "it has none" : "known: " + join(known);
  for (const std::string& key : config.unread()) {
    loading.option_mistake(shown_key(key) + ": unknown option of '" + loading.choice.name + "'" +
                           did_you_mean(key, keys) + "; " + hint);
  }
}

/// Makes the plugin's object. Whatever is wrong becomes a mistake; then the object, if there is
/// one, is only good for being destroyed. Nothing is said of a choice without a name, which was a
/// mistake already.
void* make_object(const Loading& loading, std::vector<PluginInfo>& infos) {
  if (loading.choice.name.empty()) return nullptr;
  const Result<fs::path> path = find_file(loading);
  if (!path) {
    loading.mistake((loading.choice.file.empty() ? ".name: " : ".file: ") + path.error().message);
    return nullptr;
  }
  const std::string refusal = ": cannot load plugin '" + path->string() + "': ";
  const auto opened = open_plugin(*path, loading.kind, loading.choice.name);
  if (!opened) {
    loading.mistake(refusal + opened.error().message);
    return nullptr;
  }
  const PeerPluginDescriptor& descriptor = **opened;
  sdk::PluginConfig config;
  const Result<void*> object = create_with_options(loading, descriptor, config);
  if (!object) {
    loading.mistake(refusal + object.error().message);
    return nullptr;
  }
  report_unknown_options(loading, config);
  infos.push_back({loading.kind.name, descriptor.name, descriptor.version, path->string()});
  return *object;
}

}  // namespace

LoadedPlugins load_plugins(const PluginsConfig& config, const std::string& directory,
                           std::vector<std::string>& mistakes) {
  const std::size_t mistakes_before = mistakes.size();
  const fs::path folder = fs::path(directory).lexically_normal();
  LoadedPlugins loaded;
  const auto load = [&]<typename Interface>(std::unique_ptr<Interface>& object,
                                            const PluginKind& kind, const PluginChoice& choice) {
    void* made = make_object({kind, choice, folder, mistakes}, loaded.infos);
    object.reset(static_cast<Interface*>(made));
  };
  load(loaded.broker, kBrokerKind, config.broker);
  load(loaded.match_strategy, kMatchStrategyKind, config.match_strategy);
  load(loaded.room_policy, kRoomPolicyKind, config.room_policy);
  load(loaded.auth, kAuthKind, config.auth);
  if (mistakes.size() != mistakes_before) return {};
  return loaded;
}

}  // namespace peer
