#include "core/prepare.h"

#include <filesystem>
#include <string_view>
#include <system_error>

namespace peer {
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

Prepared prepare(LoadedConfig& loaded) {
  if (!loaded.readable) return {};
  Prepared prepared;
  const std::string directory = plugin_directory(loaded.config);
  prepared.plugins = load_plugins(loaded.config.plugins, directory, loaded.mistakes);
  prepared.tls = load_tls(loaded);
  return prepared;
}

std::string plugin_directory(const Config& config) {
  if (!config.plugins.directory.empty()) return config.plugins.directory;
  std::error_code error;
  const std::filesystem::path executable = std::filesystem::read_symlink("/proc/self/exe", error);
  return (executable.parent_path().parent_path() / "lib/peer-server/plugins").string();
}

}  // namespace peer
