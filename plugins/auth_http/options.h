#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <peer/sdk/plugin_config.h>

#include "http_url.h"

namespace peer_http_auth {

/// The plugin's options; plugins/auth_http/README.md describes them.
struct Options {
  peer_http::HttpUrl url;
  bool allow_http = false;
  std::chrono::milliseconds timeout{};  ///< of a question, its wait for a turn included
  std::size_t max_body = 0;             ///< bytes of an answer
  std::size_t max_concurrent = 0;
  std::size_t max_waiting = 0;       ///< beyond those
  std::vector<std::string> headers;  ///< of the upgrade, passed on under these names
  bool query = false;                ///< passes on the query of the upgrade
  std::string identity_prefix;
  bool allows_on_error = false;
};

/// Reads all options, and reports what is wrong with them to `config`.
[[nodiscard]] Options read_options(peer::sdk::PluginConfig& config);

/// Whether one of the headers is one that a browser sends by itself, whatever page asks for it.
[[nodiscard]] bool passes_credentials(const Options& options);

}  // namespace peer_http_auth
