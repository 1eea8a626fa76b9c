#include "core/plugin/list_plugins.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "core/plugin/plugin_kind.h"

namespace peer {
namespace {

namespace fs = std::filesystem;

std::string options_of(const PeerPluginDescriptor& descriptor, const PluginKind& kind) {
  sdk::PluginConfig config;
  const sdk::Result<void*> object = create_plugin(descriptor, config);
  if (object) kind.destroy(*object);
  std::string text;
  for (const sdk::PluginConfig::Known& option : config.known()) {
    const std::string& value = option.default_value;
    text += "    " + option.key + ": " + option.expected + ", default " +
            (value.empty() ? "\"\"" : value) + '\n';
  }
  return text.empty() ? "    no options\n" : text;
}

std::string entry(const PluginKind& kind, const std::string& name, const fs::path& file,
                  bool configured) {
  const auto opened = open_plugin(file, kind, name);
  const std::string text = std::string(kind.name) + ' ' + name + ' ' +
                           (opened ? (*opened)->version : "?") + ' ' + file.string() +
                           (configured ? " (configured)\n" : "\n");
  return text + (opened ? options_of(**opened, kind)
                        : "    cannot be loaded: " + opened.error().message + '\n');
}

std::string list_kind(const PluginKind& kind, const PluginChoice& choice, const fs::path& folder,
                      const std::vector<std::string>& names) {
  const std::string usual = plugin_file_name(kind, choice.name);
  const fs::path chosen = (folder / (choice.file.empty() ? usual : choice.file)).lexically_normal();
  std::string text;
  bool chosen_is_listed = false;
  for (const std::string& name : names) {
    const fs::path file = folder / plugin_file_name(kind, name);
    chosen_is_listed = chosen_is_listed || file == chosen;
    text += entry(kind, name, file, file == chosen);
  }
  return chosen_is_listed ? text : text + entry(kind, choice.name, chosen, true);
}

}  // namespace

sdk::Result<std::string> list_plugins(const PluginsConfig& config, const std::string& directory) {
  const fs::path folder = fs::path(directory).lexically_normal();
  std::string text;
  const std::pair<const PluginKind&, const PluginChoice&> kinds[] = {
      {kBrokerKind, config.broker},
      {kMatchStrategyKind, config.match_strategy},
      {kRoomPolicyKind, config.room_policy},
      {kAuthKind, config.auth}};
  for (const auto& [kind, choice] : kinds) {
    const auto names = plugin_names(folder, kind);
    if (!names) return names.error();
    text += list_kind(kind, choice, folder, *names);
  }
  return text;
}

}  // namespace peer
