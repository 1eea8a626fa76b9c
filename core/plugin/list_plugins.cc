#include "core/plugin/list_plugins.h"

#include <filesystem>
#include <map>
#include <vector>

#include "core/plugin/core_host.h"
#include "core/plugin/loader.h"
#include "core/plugin/plugin_kind.h"

namespace peer {
namespace {

namespace fs = std::filesystem;

std::string options_of(const PeerPluginDescriptor& descriptor, const PluginKind& kind) {
  sdk::PluginConfig config;
  const auto make = [&] {
    PluginCalls calls(kind.name, descriptor.name);
    CoreHost host(calls);
    const sdk::Result<void*> object = create_plugin(descriptor, config, host);
    if (object) kind.destroy(*object);
  };
  const sdk::Result<void> tried = try_in_child("its factory ends", kTrialSeconds, make);
  if (!tried) return "    cannot be made: " + tried.error().message + '\n';
  make();
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
                           (opened ? opened->version : "?") + ' ' + file.string() +
                           (configured ? " (configured)\n" : "\n");
  return text + (opened ? options_of(*opened, kind)
                        : "    cannot be loaded: " + opened.error().message + '\n');
}

/// The files that are in the directories, and those that the configuration names elsewhere. Of two
/// with one name the first counts, which is the one that a name in the configuration means.
sdk::Result<std::string> list_kind(const PluginKind& kind, const std::vector<PluginChoice>& choices,
                                   const std::vector<fs::path>& directories) {
  std::map<std::string, fs::path> files;
  for (const fs::path& directory : directories) {
    const auto names = plugin_names(directory, kind);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      files.emplace(name, directory / plugin_file_name(kind, name));
    }
  }
  std::map<fs::path, std::string> chosen;
  for (const PluginChoice& choice : choices) {
    const fs::path usual = files.contains(choice.name)
                               ? files[choice.name]
                               : directories.back() / plugin_file_name(kind, choice.name);
    const fs::path named = directories.back() / choice.file;
    chosen.emplace((choice.file.empty() ? usual : named).lexically_normal(), choice.name);
  }
  std::string text;
  for (const auto& [name, file] : files) {
    text += entry(kind, name, file, chosen.erase(file) > 0);
  }
  for (const auto& [file, name] : chosen) text += entry(kind, name, file, true);
  return text;
}

}  // namespace

sdk::Result<std::string> list_plugins(const PluginsConfig& config, const std::string& directory) {
  const std::vector<fs::path> directories = plugin_directories(config, directory);
  std::string text;
  for (const PluginKind& kind : kPluginKinds) {
    const auto list = list_kind(kind, config.*kind.choices, directories);
    if (!list) return list.error();
    text += *list;
  }
  return text;
}

}  // namespace peer
