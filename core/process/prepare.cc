#include "core/process/prepare.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/admin/bans_file.h"
#include "core/base/plain_file.h"
#include "core/config/plugin_kinds.h"
#include "core/dialect/dialects.h"
#include "core/log/line_file.h"
#include "core/net/unix_socket.h"
#include "core/plugin/loader.h"
#include "core/protocol/protocol_types.h"

// Everything that a server reads from the disk before it listens, on the main thread. In: a
// configuration, with the mistakes that it has. Out: plugins and certificate, and more mistakes,
// each with the place where its value was set. The first mistake does not end this: an operator
// wants to hear of all of them at once. --check-config does the same and stops here.
namespace peer {
namespace {

// A key whose value was read, and is of no use here.
void add_mistake(LoadedConfig& loaded, const std::string& key, const std::string& what) {
  loaded.mistakes.push_back(loaded.origins.find(key)->second + ": " + key + ": " + what);
}

// Which message types a room policy answers only the plugin can say, once it is there.
void check_message_types(LoadedConfig& loaded, const LoadedPlugins& plugins, std::size_t index) {
  const std::vector<PluginChoice>& choices = loaded.config.plugins.room_policy;
  const PluginChoice& choice = choices[index];
  const LoadedPlugin<sdk::RoomPolicy>& policy = plugins.room_policies[index];
  const std::string plugin = choice.where + ": " +
                             plugin_path(sdk::RoomPolicy::kKind, index, choices.size()) +
                             ": plugin '" + choice.name + "' ";
  const auto types = policy.calls().run("message_types", [&] { return policy->message_types(); });
  if (!types) {
    loaded.mistakes.push_back(plugin +
                              "cannot say which message types it answers; the log says "
                              "why");
    return;
  }
  for (const std::string& type : *types) {
    if (type.empty()) {
      loaded.mistakes.push_back(plugin + "wants to answer messages without a type");
    } else if (is_protocol_type(type)) {
      loaded.mistakes.push_back(plugin + "wants to answer '" + type +
                                "', which is a message type of the protocol; rename its own");
    }
  }
}

// One that cannot be read would hide the plugins in it.
void check_directories(LoadedConfig& loaded) {
  for (const std::string& directory : loaded.config.plugins.directories) {
    std::error_code error;
    const std::filesystem::directory_iterator entries(directory, error);
    if (!error) continue;
    add_mistake(loaded, "plugins.directories",
                "the directory '" + directory + "' cannot be read: " + error.message());
  }
}

/// Two dialects at one path, or one at a path of the server's own: which is meant would depend on
/// the order of the list.
class DialectCheck {
 public:
  /// `choices`: what the plugins were loaded for.
  DialectCheck(LoadedConfig& loaded, const LoadedPlugins& plugins,
               const std::vector<PluginChoice>& choices)
      : loaded_(loaded), dialects_(plugins.dialects), choices_(choices) {}

  void check() {
    const auto& dialects = dialects_;
    if (!dialects.empty() && loaded_.config.max_name_length < kLongestReserved) {
      loaded_.mistakes.push_back("max_name_length: expected " + std::to_string(kLongestReserved) +
                                 " or more, since there are plugins.dialects");
    }
    for (std::size_t i = 0; i < dialects.size(); ++i) {
      if (dialects[i].object == nullptr) continue;
      const sdk::DialectTraits traits =
          traits_of(dialects[i], [&](const std::string& text) { mistake(i, text); });
      check_realm(i, traits);
      claim(i, traits.upgrade_path, "upgrade at ", &upgrades_);
      for (const std::string& path : traits.http_paths) claim(i, path, "answer at ", &answers_);
    }
  }

 private:
  using Claims = std::map<std::string, std::size_t>;

  void mistake(std::size_t i, const std::string& text) {
    const PluginChoice& choice = choices_[i];
    loaded_.mistakes.push_back(choice.where + ": " +
                               plugin_path(kDialectKind.key, i, dialects_.size()) + ": plugin '" +
                               choice.name + "' " + text);
  }
  [[nodiscard]] const std::string& name(std::size_t i) const {
    return dialects_[i].record->info.name;
  }
  void check_realm(std::size_t i, const sdk::DialectTraits& traits) {
    const auto [at, is_new] = realms_.emplace(name(i) + '\0' + traits.realm, i);
    if (is_new) return;
    mistake(i, "has the same paths and keys as " +
                   plugin_path(kDialectKind.key, at->second, dialects_.size()) +
                   "; give it others, or remove it");
  }
  /// The same plugin may be at a path with another realm: it tells its clients apart.
  void claim(std::size_t i, const std::string& path, const char* what, Claims* claims) {
    const Config& config = loaded_.config;
    constexpr std::array<std::string_view, 3> kOwn{"/health", "/ready", "/stats"};
    const bool is_own = std::find(kOwn.begin(), kOwn.end(), path) != kOwn.end() ||
                        (!config.path.empty() && path == config.path);
    if (is_own)
      return mistake(i, std::string("wants to ") + what + path + ", which is the server's");
    const auto [at, is_new] = claims->emplace(path, i);
    if (is_new || name(at->second) == name(i)) return;
    mistake(i, std::string("wants to ") + what + path + ", as " +
                   plugin_path(kDialectKind.key, at->second, dialects_.size()) +
                   " does; give one of them another path");
  }

  static constexpr std::uint32_t kLongestReserved = 41;  // DialectHost::namespace_of()
  LoadedConfig& loaded_;
  const std::vector<LoadedPlugin<sdk::Dialect>>& dialects_;
  const std::vector<PluginChoice>& choices_;
  Claims upgrades_;
  Claims answers_;
  Claims realms_;
};

}  // namespace

void check_dialects(LoadedConfig& loaded, const LoadedPlugins& plugins,
                    const std::vector<PluginChoice>& choices) {
  DialectCheck(loaded, plugins, choices).check();
}

TlsContext::Ref load_tls(LoadedConfig& loaded) {
  const Config& config = loaded.config;
  if (config.tls_cert.empty() || config.tls_key.empty()) return nullptr;
  auto tls = TlsContext::load(config.tls_cert, config.tls_key);
  if (tls) return *tls;
  const std::string& what = tls.error().message;
  const std::string_view key = what.starts_with("tls_key") ? "tls_key" : "tls_cert";
  loaded.mistakes.push_back(loaded.origins.find(key)->second + ": " + what);
  return nullptr;
}

namespace {

/// A pipe would hold up the thread that opens it, and a rename would replace a device.
void check_files(LoadedConfig& loaded) {
  const auto check = [&](const char* key, const std::string& file, Devices devices) {
    const std::string wrong = file.empty() ? "" : wrong_kind_of_file(file, devices);
    if (wrong.empty()) return;
    add_mistake(loaded, key, wrong);
  };
  const std::string& log = loaded.config.log_file;
  if (!is_standard_stream(log)) check("log_file", log, Devices::kTaken);
  check("port_file", loaded.config.port_file, Devices::kRefused);
  check("bans_file", loaded.config.bans_file, Devices::kRefused);
}

std::vector<Ban> load_bans(LoadedConfig& loaded) {
  const std::string& file = loaded.config.bans_file;
  if (file.empty() || !wrong_kind_of_file(file, Devices::kRefused).empty()) return {};
  // Or the first ban would tell.
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    add_mistake(loaded, "bans_file",
                "cannot be written in folder '" + folder.string() +
                    "': " + std::generic_category().message(errno) +
                    "; make the folder, or let the server write to it");
    return {};
  }
  auto bans = read_bans_file(file);
  if (bans) return std::move(*bans);
  add_mistake(loaded, "bans_file", bans.error().message);
  return {};
}

/// Names that the system does not know.
void check_unix_socket_owner(LoadedConfig& loaded) {
  const auto owner = find_owner(loaded.config.unix_socket_owner);
  if (owner) return;
  add_mistake(loaded, "unix_socket_owner", owner.error().message);
}

}  // namespace

Prepared prepare(LoadedConfig& loaded) {
  if (!loaded.readable) return {};
  Prepared prepared;
  check_directories(loaded);
  if (const auto directory = plugin_directory(loaded.config); directory) {
    prepared.plugins = load_plugins(loaded.config.plugins, *directory, loaded.mistakes);
  } else {
    loaded.mistakes.push_back(directory.error().message);
  }
  for (std::size_t i = 0; i < prepared.plugins.room_policies.size(); ++i) {
    check_message_types(loaded, prepared.plugins, i);
  }
  check_dialects(loaded, prepared.plugins, loaded.config.plugins.dialects);
  prepared.tls = load_tls(loaded);
  check_files(loaded);
  prepared.bans = load_bans(loaded);
  check_unix_socket_owner(loaded);
  return prepared;
}

sdk::Result<std::string> plugin_directory(const Config& config,
                                          const std::string& executable_link) {
  if (!config.plugins.directory.empty()) return config.plugins.directory;
  std::error_code error;
  const std::filesystem::path executable = std::filesystem::read_symlink(executable_link, error);
  if (error) {
    return sdk::Error{"plugins.directory: unknown, since " + executable_link + " cannot be read (" +
                      error.message() + "): mount /proc, or set plugins.directory"};
  }
  return (executable.parent_path().parent_path() / "lib/peer-server/plugins").string();
}

}  // namespace peer
