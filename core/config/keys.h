#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/draft.h"

namespace peer {

/// One top-level key: its name, what it takes, where it goes. The table of them is the only list
/// of keys; the file, the environment and the command line all go through it. Defaults are those
/// of Config.
struct ConfigKey {
  std::string name;
  std::string path;      ///< of the setting: its name, or what it is short for
  std::string expected;  ///< "an integer from 0 to 65535", after "expected"
  bool hidden = false;   ///< the value may hold a password: never in a message
  bool secret = false;   ///< may also come from the file that <variable>_FILE names
  bool list = false;     ///< of strings; separated by commas in the environment
  /// Stores the value. Returns false, and stores nothing, if it is not what was expected.
  std::function<bool(Config&, const ConfigNode&, const ConfigLayer&)> read;
  /// As ValueRule's.
  std::function<std::string(const ConfigNode&)> fault = {};
  /// Instead of `read` and `fault`, for a key whose value has a structure: notes each mistake in
  /// it.
  std::function<void(ConfigDraft&, const ConfigLayer&, const ConfigNode&)> read_parts = {};
  std::function<bool(const Config&)> holds_secrets = {};  ///< then it is never shown; null: no
  std::function<std::string(const Config&)> write;        ///< the value as YAML reads it back
  std::function<void(const Config& from, Config& to)> copy;
  bool meant_in_seconds = false;  ///< a duration: less than one is likely to lack its unit
  bool needs_restart = false;     ///< a reload (SIGHUP) cannot change it
  /// The environment variables that set it, the older name first.
  std::vector<std::string> variables;
};

/// The table, in the order of Config.
[[nodiscard]] const std::vector<ConfigKey>& config_keys();

/// Null if there is none of that name.
[[nodiscard]] const ConfigKey* find_config_key(std::string_view name);

/// True for a name that a plugin can have: [a-z0-9_]+, at most 64 bytes.
[[nodiscard]] bool is_plugin_name(std::string_view name);
inline constexpr std::string_view kExpectedPluginName = "a name of a-z, 0-9 and _";

/// Makes `choice` the plugin `name`. All but its namespaces stays only if it was that plugin
/// before: it means nothing to another one.
void choose_plugin(PluginChoice& choice, const std::string& name, const std::string& where);

}  // namespace peer
