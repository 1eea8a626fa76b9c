#include "core/process/reload.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/config/keys.h"
#include "core/config/plugin_kinds.h"
#include "core/log/log_output.h"
#include "core/process/prepare.h"
#include "core/process/process.h"

namespace peer {
namespace {

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool is_same(const PluginChoice& a, const PluginChoice& b) {
  return a.name == b.name && a.file == b.file && a.options == b.options && a.as == b.as &&
         a.namespaces == b.namespaces;
}

/// Keys that differ but need a restart.
void find_different_plugins(const PluginsConfig& a, const PluginsConfig& b,
                            std::vector<std::string>& names) {
  if (a.directory != b.directory) names.emplace_back("plugins.directory");
  if (a.directories != b.directories) names.emplace_back("plugins.directories");
  for (const PluginKind& kind : kPluginKinds) {
    const auto& left = a.*kind.choices;
    const auto& right = b.*kind.choices;
    if (!std::equal(left.begin(), left.end(), right.begin(), right.end(), is_same)) {
      names.push_back("plugins." + std::string(kind.key));
    }
  }
}

/// Dialects stay those of the start. Where the file has them as they were, its lines are the ones
/// to name.
void check_running_dialects(const Server& server, const Config& running, LoadedConfig& loaded) {
  const auto& now = running.plugins.dialects;
  const auto& read = loaded.config.plugins.dialects;
  const bool is_as_it_was = std::equal(now.begin(), now.end(), read.begin(), read.end(), is_same);
  check_dialects(loaded, server.plugins(), is_as_it_was ? read : now);
}

void refuse(const std::vector<std::string>& mistakes) {
  log_error("SIGHUP: nothing was changed, because of mistakes: " + std::to_string(mistakes.size()));
  for (const std::string& mistake : mistakes) log_error("SIGHUP: " + mistake);
}

}  // namespace

void reload(Server& server, const CommandLine& command_line, Config& running) {
  LoadedConfig loaded = load_config(command_line, process_environment(), Pipes::kRefused);
  TlsContext::Ref tls = loaded.readable ? load_tls(loaded) : nullptr;
  if (loaded.readable) check_running_dialects(server, running, loaded);
  if (!loaded.mistakes.empty()) {
    server.reload_failed();
    return refuse(loaded.mistakes);
  }
  for (const std::string& warning : loaded.warnings) log_warning("SIGHUP: " + warning);
  if ((tls == nullptr) != running.tls_cert.empty()) {
    loaded.config.tls_cert = running.tls_cert;
    loaded.config.tls_key = running.tls_key;
    log_warning("SIGHUP: switching TLS on or off needs a restart");
    tls = nullptr;
  }
  std::vector<std::string> changed;
  std::vector<std::string> left;
  for (const ConfigKey& key : config_keys()) {
    // As text, which all types have. A short form such as broker_type is compared with the plugins.
    if (key.path != key.name || key.write(loaded.config) == key.write(running)) continue;
    (key.needs_restart ? left : changed).push_back(key.name);
    if (!key.needs_restart) key.copy(loaded.config, running);
  }
  find_different_plugins(loaded.config.plugins, running.plugins, left);
  use_log_settings(running);
  server.use_config(running);
  if (tls != nullptr) {
    server.use_tls(tls);
    log_info("SIGHUP: new connections get the certificate in '" + running.tls_cert + "'");
  }
  server.reload_plugins();
  if (!changed.empty()) log_notice("SIGHUP: changed: " + list(changed));
  if (!left.empty()) log_warning("SIGHUP: a restart is needed for: " + list(left));
  if (changed.empty() && left.empty()) log_notice("SIGHUP: the settings are the same");
}

}  // namespace peer
