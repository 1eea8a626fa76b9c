#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <peer/sdk/plugin_config.h>

namespace peer_redis {

/// The plugin's options; plugins/broker_redis/README.md describes them.
struct Options {
  std::string host = "localhost";
  std::string port = "6379";
  std::string password;
  std::int64_t db = 0;
  std::string prefix = "peer";
  bool required = false;
  bool legacy_channels = true;
  bool legacy_strict = false;
  std::chrono::milliseconds beat{3000};
  std::chrono::milliseconds lease{10000};
  std::chrono::milliseconds operation_timeout{1000};
  std::chrono::milliseconds lookup{60000};

  [[nodiscard]] std::string node_channel(std::string_view node) const {
    return prefix + ":n:" + std::string(node);
  }
  [[nodiscard]] std::string guide_channel(std::string_view name) const {
    return prefix + ":" + std::string(name);
  }
};

/// Reads all options; mistakes are kept in `config`.
Options read_options(peer::sdk::PluginConfig& config);

}  // namespace peer_redis
