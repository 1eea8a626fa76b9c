#include "core/config/print_config.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "core/config/keys.h"
#include "core/config/write_yaml.h"

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
    print_choice("plugins.broker", plugins.broker);
    print_choice("plugins.match_strategy", plugins.match_strategy);
    print_choice("plugins.room_policy", plugins.room_policy);
    print_choice("plugins.auth", plugins.auth);
    return std::move(out_);
  }

 private:
  void print_key(const ConfigKey& key) {
    const std::string origin = where(key.path);
    const bool shown = !key.secret || origin == kDefault;
    line(shown ? key.name + ": " + key.write(loaded_.config) : "# " + key.name + ": (not shown)",
         origin);
  }

  void print_choice(const std::string& path, const PluginChoice& choice) {
    out_ += "  " + path.substr(path.find('.') + 1) + ":\n";
    line("    name: " + to_yaml(choice.name), where(path + ".name"));
    if (!choice.file.empty()) {
      line("    file: " + to_yaml(choice.file), where(path + ".file"));
    }
    if (!choice.options.empty()) out_ += "    options:\n";
    for (const auto& [name, value] : choice.options) {
      const bool shown = !is_secret_option(name, value);
      const std::string key = to_yaml(name);
      line(shown ? "      " + key + ": " + to_yaml(value) : "      # " + key + ": (not shown)",
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

bool has_user(std::string_view text) {
  const std::size_t scheme = text.find("://");
  return scheme != std::string_view::npos && text.find('@', scheme) != std::string_view::npos;
}

}  // namespace

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
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  return list != nullptr && std::any_of(list->begin(), list->end(), has_user);
}

}  // namespace peer
