#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <peer/sdk/plugin_config.h>

#include "algorithm.h"
#include "claims.h"
#include "http_url.h"

namespace peer_jwt {

/// One entry of the option `keys`: a name, an algorithm, and one place where the key is.
struct KeyOption {
  std::string where;  ///< "keys[0]", for messages
  std::string kid;    ///< of the tokens that it is for; empty: it must be the only key there is
  peer_keys::Algorithm algorithm{};
  // One of these; the others are empty.
  std::string secret;
  std::string secret_file;
  std::string public_key_file;
};

/// The plugin's options; plugins/auth_jwt/README.md describes them.
struct Options {
  /// Keys that stand in the options or in files.
  std::vector<KeyOption> keys;
  std::string jwks_file;
  /// Where keys are fetched, how long that may take, and how old they may get.
  std::optional<peer_http::HttpUrl> jwks_url;
  bool allow_http = false;  ///< also to an address that is neither loopback nor private
  std::chrono::milliseconds jwks_timeout{};
  std::chrono::milliseconds jwks_refresh{};
  /// For keys of a JWKS that name no algorithm.
  std::vector<peer_keys::Algorithm> jwks_algorithms;
  ClaimRules rules;
  /// In bytes.
  std::size_t max_token = 0;
};

/// Reads all options, and reports what is wrong with them to `config`.
[[nodiscard]] Options read_options(peer::sdk::PluginConfig& config);

}  // namespace peer_jwt
