#include "core/plugin/loader.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/plugin/shared_object.h"

namespace peer {
namespace {

namespace fs = std::filesystem;
using sdk::Error;
using sdk::Result;

/// What the plugins of one kind have in common.
struct Kind {
  const char* name;       ///< as in YAML and in the descriptor
  const char* interface;  ///< as in the SDK
  const char* prefix;     ///< of file names
  std::uint32_t api_version;
};

template <typename Interface>
constexpr Kind kind_of(const char* interface, const char* prefix) {
  return {Interface::kKind, interface, prefix, Interface::kApiVersion};
}

constexpr Kind kBroker = kind_of<sdk::Broker>("Broker", "broker");
constexpr Kind kMatchStrategy = kind_of<sdk::MatchStrategy>("MatchStrategy", "match");
constexpr Kind kRoomPolicy = kind_of<sdk::RoomPolicy>("RoomPolicy", "room");
constexpr Kind kAuth = kind_of<sdk::Auth>("Auth", "auth");

/// One plugin on its way in.
struct Loading {
  const Kind& kind;
  const PluginChoice& choice;
  fs::path directory;
  std::vector<std::string>& mistakes;

  /// `text` follows the plugin's key directly: ".name: no plugin ...", ": cannot load ...".
  void mistake(const std::string& text) const {
    mistakes.push_back(choice.where + ": plugins." + kind.name + text);
  }
};

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// "known: criteria, skill": the names of the plugins of this kind that are in the directory.
std::string known_names(const Loading& loading) {
  const std::string prefix = std::string(loading.kind.prefix) + "_";
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(loading.directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path file = entry->path().filename();
    const std::string stem = file.stem().string();
    if (file.extension() == ".so" && stem.starts_with(prefix) && stem.size() > prefix.size()) {
      names.push_back(stem.substr(prefix.size()));
    }
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) return "there are none of this kind in '" + loading.directory.string() + "'";
  return "known: " + join(names);
}

bool is_plugin_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
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
    return Error{"no file '" + path.string() + "'; " + known_names(loading)};
  }
  fs::path path =
      loading.directory / (std::string(loading.kind.prefix) + "_" + choice.name + ".so");
  if (fs::exists(path, error)) return path;
  return Error{"no plugin named '" + choice.name + "'; " + known_names(loading)};
}

/// Refuses a descriptor that this server cannot use. Nothing after `size` is read unless that is
/// what it should be, and no function of the plugin is called.
Result<void> check_descriptor(const PeerPluginDescriptor& found, const Loading& loading) {
  const std::string rebuild = "; rebuild it with this server's SDK";
  const Kind& kind = loading.kind;
  if (found.size != sizeof(PeerPluginDescriptor)) {
    return Error{"its descriptor has " + std::to_string(found.size) + " bytes, expected " +
                 std::to_string(sizeof(PeerPluginDescriptor)) + rebuild};
  }
  for (const char* text : {found.kind, found.abi, found.name, found.version}) {
    if (text == nullptr) return Error{"its descriptor is incomplete" + rebuild};
  }
  if (found.create == nullptr) return Error{"its descriptor is incomplete" + rebuild};
  if (std::string_view(found.kind) != kind.name) {
    return Error{std::string("a plugin of kind '") + found.kind + "', expected '" + kind.name +
                 "'"};
  }
  if (found.api_version != kind.api_version) {
    return Error{std::string(kind.interface) + " API " + std::to_string(found.api_version) +
                 ", this server has " + std::to_string(kind.api_version) + rebuild};
  }
  if (std::string_view(found.abi) != PEER_SDK_ABI_TAG) {
    return Error{std::string("built for ABI '") + found.abi + "', this server is '" +
                 PEER_SDK_ABI_TAG + "'" + rebuild};
  }
  if (found.name != loading.choice.name) {
    return Error{std::string("it calls itself '") + found.name + "', expected '" +
                 loading.choice.name + "'; correct the name, or the file"};
  }
  return {};
}

Result<void*> create(const PeerPluginDescriptor& descriptor, sdk::PluginConfig& config) {
  std::string reason;
  try {
    if (void* object = descriptor.create(&config, &reason); object != nullptr) return object;
  } catch (const std::exception& failure) {
    reason = failure.what();
  } catch (...) {
    reason = "its factory threw";
  }
  return Error{reason.empty() ? "its factory made nothing and gave no reason" : reason};
}

void report_unknown_options(const Loading& loading, const sdk::PluginConfig& config) {
  std::vector<std::string> known;
  for (const sdk::PluginConfig::Known& option : config.known()) {
    known.push_back(option.key + " (" + option.expected + ", default " + option.default_value +
                    ")");
  }
  const std::string hint = known.empty() ? "it has none" : "known: " + join(known);
  for (const std::string& key : config.unread()) {
    loading.mistake(".options." + key + ": unknown option of '" + loading.choice.name + "'; " +
                    hint);
  }
}

/// Makes the plugin's object. Whatever is wrong becomes a mistake; then the object, if there is
/// one, is only good for being destroyed.
void* make_object(const Loading& loading, std::vector<PluginInfo>& infos) {
  const Result<fs::path> path = find_file(loading);
  if (!path) {
    loading.mistake((loading.choice.file.empty() ? ".name: " : ".file: ") + path.error().message);
    return nullptr;
  }
  const std::string refusal = ": cannot load plugin '" + path->string() + "': ";
  const Result<const PeerPluginDescriptor*> opened = open_shared_object(*path);
  if (!opened) {
    loading.mistake(refusal + opened.error().message);
    return nullptr;
  }
  const PeerPluginDescriptor& descriptor = **opened;
  if (const Result<void> checked = check_descriptor(descriptor, loading); !checked) {
    loading.mistake(refusal + checked.error().message);
    return nullptr;
  }

  sdk::PluginConfig config(loading.choice.options);
  const Result<void*> object = create(descriptor, config);
  for (const std::string& mistake : config.mistakes()) {
    loading.mistake(".options." + mistake);
  }
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
  const auto load = [&]<typename Interface>(std::unique_ptr<Interface>& object, const Kind& kind,
                                            const PluginChoice& choice) {
    void* made = make_object({kind, choice, folder, mistakes}, loaded.infos);
    object.reset(static_cast<Interface*>(made));
  };
  load(loaded.broker, kBroker, config.broker);
  load(loaded.match_strategy, kMatchStrategy, config.match_strategy);
  load(loaded.room_policy, kRoomPolicy, config.room_policy);
  load(loaded.auth, kAuth, config.auth);
  if (mistakes.size() != mistakes_before) return {};
  return loaded;
}

}  // namespace peer
