#include "core/config/print_config.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "core/config/keys.h"
#include "core/config/plugin_kinds.h"
#include "core/config/write_yaml.h"

// The text of --print-config. In: a configuration without mistakes, and where each value was set.
// Out: YAML that loads to the same configuration, but for secrets, which are left out. Main thread.
// The top-level keys come from config_keys(), so that none can be forgotten here.
namespace peer {
namespace {

constexpr std::string_view kDefault = "default";

/// Control characters, which a file's name may have, would end the comment.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return text;
}

/// A URL that names a user, and with it a password, it may be.
bool has_user(std::string_view text) {
  const std::size_t scheme = text.find("://");
  return scheme != std::string_view::npos && text.find('@', scheme) != std::string_view::npos;
}

/// Lines "key: value  # where".
class Printer {
 public:
  explicit Printer(const LoadedConfig& loaded) : loaded_(loaded) {}

  std::string print() {
    out_ = "# What peer-server runs with, and where each value comes from. Secrets are left out.\n";
    for (const ConfigKey& key : config_keys()) print_key(key);
    const PluginsConfig& plugins = loaded_.config.plugins;
    out_ += "plugins:\n";
    line("  directory: " + to_yaml(plugins.directory), where("plugins.directory"));
    line("  directories: " + to_yaml(plugins.directories), where("plugins.directories"));
    for (const PluginKind& kind : kPluginKinds) print_choices(kind, plugins.*kind.choices);
    return std::move(out_);
  }

 private:
  void print_key(const ConfigKey& key) {
    const std::string origin = where(key.path);
    const std::string value = key.write(loaded_.config);
    // The default of a secret is no secret: it is empty.
    const bool shown = !is_secret(key, loaded_.config) || origin == kDefault;
    line(shown ? key.name + ": " + value : "# " + key.name + ": (not shown)", origin);
  }

  /// One by itself as a map, several as a list.
  void print_choices(const PluginKind& kind, const std::vector<PluginChoice>& list) {
    if (list.empty()) {
      return line("  " + std::string(kind.key) + ": []", where("plugins." + std::string(kind.key)));
    }
    out_ += "  " + std::string(kind.key) + ":\n";
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string path = plugin_path(kind.key, i, list.size());
      print_choice(path, list[i], list.size() == 1 ? "    " : "    - ");
    }
  }

  /// `start` begins the first line, and as many spaces the others.
  void print_choice(const std::string& path, const PluginChoice& choice, const std::string& start) {
    const std::string indent(start.size(), ' ');
    line(start + "name: " + to_yaml(choice.name), where(path + ".name"));
    if (!choice.file.empty()) {
      line(indent + "file: " + to_yaml(choice.file), where(path + ".file"));
    }
    if (!choice.as.empty()) line(indent + "as: " + to_yaml(choice.as), where(path + ".as"));
    if (!choice.namespaces.empty()) {
      line(indent + "namespaces: " + to_yaml(choice.namespaces), where(path + ".namespaces"));
    }
    if (!choice.options.empty()) out_ += indent + "options:\n";
    for (const auto& [name, value] : choice.options) {
      const bool shown = !is_secret_option(name, value);
      const std::string key = to_yaml(name);
      line(shown ? indent + "  " + key + ": " + to_yaml(value)
                 : indent + "  # " + key + ": (not shown)",
           choice.option_where.at(name));
    }
  }

  void line(const std::string& text, const std::string& origin) {
    constexpr std::size_t kCommentColumn = 40;
    const std::size_t space = text.size() < kCommentColumn ? kCommentColumn - text.size() : 2;
    out_ += text + std::string(space, ' ') + "# " + one_line(origin) + '\n';
  }

  [[nodiscard]] std::string where(const std::string& path) const {
    const auto origin = loaded_.origins.find(path);
    return origin == loaded_.origins.end() ? std::string(kDefault) : origin->second;
  }

  const LoadedConfig& loaded_;
  std::string out_;
};

}  // namespace

bool is_secret(const ConfigKey& key, const Config& config) {
  return key.secret || has_user(key.write(config)) ||
         (key.holds_secrets && key.holds_secrets(config));
}

std::string print_config(const LoadedConfig& loaded) { return Printer(loaded).print(); }

bool is_secret_option(std::string_view name, const sdk::PluginConfig::Option& value) {
  constexpr std::array<std::string_view, 10> kWords = {
      "password", "passwords", "passphrase", "secret", "secrets",
      "token",    "tokens",    "key",        "keys",   "credentials"};
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find_first_of("_-.", start), name.size());
    const std::string_view word = name.substr(start, end - start);
    if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return true;
    start = end + 1;
  }
  if (const auto* text = std::get_if<std::string>(&value)) return has_user(*text);
  if (const auto* maps = std::get_if<sdk::PluginOptionMaps>(&value)) {
    return std::any_of(maps->maps.begin(), maps->maps.end(), [](const auto& map) {
      return std::any_of(map.options.begin(), map.options.end(), [](const auto& option) {
        return is_secret_option(option.first, option.second);
      });
    });
  }
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  return list != nullptr && std::any_of(list->begin(), list->end(), has_user);
}

}  // namespace peer
