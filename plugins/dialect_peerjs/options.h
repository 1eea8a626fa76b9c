#pragma once

#include <chrono>
#include <string>

#include <peer/sdk/plugin_config.h>

namespace peer_peerjs {

/// The options of the plugin (plugins/dialect_peerjs/README.md, "Options").
struct Options {
  std::string path = "/";  ///< with a slash at both ends
  std::string key = "peerjs";
  bool allow_discovery = false;             ///< the ids of all peers are told to who asks
  std::chrono::milliseconds expire{5'000};  ///< how long a message waits for its receiver
  std::chrono::milliseconds alive{90'000};  ///< how long a client may be silent
  std::string ns{};                         ///< shared with native peers; empty: none is
};

/// Reads and checks them; mistakes are the config's.
[[nodiscard]] Options read_options(peer::sdk::PluginConfig& config);

}  // namespace peer_peerjs
