#include "core/config/load_config.h"

#include <filesystem>
#include <system_error>
#include <variant>

#include "core/config/draft.h"
#include "core/config/finish_config.h"
#include "core/config/read_layer.h"

namespace peer {
namespace {

std::filesystem::path absolute(const std::string& path) {
  std::error_code error;  // no working directory: the path stays as it is
  const std::filesystem::path result = std::filesystem::absolute(path, error);
  return error ? std::filesystem::path(path) : result;
}

/// `file` is called `name` in messages. Returns whether the text could be read as a tree.
bool read_file_layer(ConfigDraft& draft, std::string_view text, const std::string& name,
                     const std::filesystem::path& file) {
  const ConfigLayer layer{LayerRank::kFile, name, file.parent_path()};
  const ConfigTree tree = read_text(text, name);
  if (const auto* error = std::get_if<SyntaxError>(&tree)) {
    draft.mistake(name + ":" + std::to_string(error->line), error->message);
    return false;
  }
  read_layer(draft, layer, std::get<ConfigNode>(tree));
  return true;
}

LoadedConfig finish(ConfigDraft& draft, bool readable) {
  finish_config(draft);
  LoadedConfig loaded{draft.config, draft.warnings(), draft.mistakes()};
  for (const auto& [path, origin] : draft.origins()) loaded.origins[path] = origin.where;
  loaded.readable = readable;
  return loaded;
}

}  // namespace

LoadedConfig load_config(const CommandLine& command_line, const Environment& environment,
                         Pipes pipes) {
  ConfigDraft draft;
  draft.pipes = pipes;
  bool readable = true;
  const std::filesystem::path directory = command_line.working_directory;
  if (command_line.config_file) {
    const std::string& name = *command_line.config_file;
    const std::filesystem::path file = directory / name;
    const auto text = read_file(file.string(), kMaxConfigSize, pipes);
    if (!text) draft.mistake(name, text.error().message);
    readable = text && read_file_layer(draft, *text, name, file);
  }
  // The order is the rank of the layers: what is read later wins.
  read_environment(draft, environment, directory);
  read_layer(draft, {LayerRank::kCommandLine, "command line", directory},
             settings_tree(command_line));
  LoadedConfig loaded = finish(draft, readable);
  // Its mistakes are first: what follows may come from them.
  loaded.mistakes.insert(loaded.mistakes.begin(), command_line.mistakes.begin(),
                         command_line.mistakes.end());
  return loaded;
}

LoadedConfig load_config_text(std::string_view text, const std::string& name) {
  ConfigDraft draft;
  const bool readable = read_file_layer(draft, text, name, absolute(name));
  return finish(draft, readable);
}

}  // namespace peer
