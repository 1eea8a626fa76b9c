#include "core/config/environment.h"

#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/keys.h"
#include "core/config/nearest.h"
#include "core/config/read_layer.h"

namespace peer {
namespace {

constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::size_t kMaxSecretSize = 65536;

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

/// The secret in the file, without the newline that editors put at the end. Reports why not, but
/// not the path: it may be the secret itself, by mistake.
bool replace_by_content(ConfigDraft& draft, const std::string& where, Variable& variable,
                        const std::filesystem::path& directory, Pipes pipes) {
  const auto content = read_file((directory / variable.value).string(), kMaxSecretSize, pipes);
  if (!content) {
    draft.mistake(where, "the file that it names: " + content.error().message);
    return false;
  }
  variable.value = *content;
  if (variable.value.ends_with('\n')) variable.value.pop_back();
  if (variable.value.ends_with('\r')) variable.value.pop_back();
  if (!variable.value.empty()) return true;
  draft.mistake(where, "the file is empty; write the secret to it, or unset the variable");
  return false;
}

void read_variable(ConfigDraft& draft, const ConfigKey& key, Variable variable,
                   const std::filesystem::path& directory, Pipes pipes) {
  const ConfigLayer layer{LayerRank::kEnvironment, "environment variable " + variable.name,
                          directory};
  if (variable.names_file) {
    if (!replace_by_content(draft, layer.name, variable, directory, pipes)) return;
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
    draft.warning("environment variable " + shown_key(name),
                  "ignored: sets no key" + did_you_mean(name, known));
  }
}

}  // namespace

void read_environment(ConfigDraft& draft, const Environment& environment,
                      const std::filesystem::path& directory, Pipes pipes) {
  for (const ConfigKey& key : config_keys()) {
    std::vector<Variable> variables = variables_of(key, environment);
    if (variables.size() > 1) {
      draft.mistake("environment variable " + variables[0].name,
                    variables[1].name + " sets " + key.name + " too; unset one of them");
    }
    if (!variables.empty()) read_variable(draft, key, std::move(variables[0]), directory, pipes);
  }
  warn_about_unknown(draft, environment);
}

}  // namespace peer
