#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <peer/sdk/auth.h>
#include <peer/sdk/host.h>

#include "key_loader.h"
#include "options.h"

namespace peer_jwt {

/// Lets in who shows a token that one of the keys has signed, with the rights that it names. Who
/// shows none is left to the other entries of the server's list (docs/protocol.md, "C.3
/// Authentication"). Thread-safe.
class JwtAuth final : public peer::sdk::Auth {
 public:
  JwtAuth(Options options, peer::sdk::PluginHost& host);

  /// Replies at once, or later from another thread: where the key is a slow one, or the token names
  /// a key that has to be fetched first. A peer without a token is passed on.
  void authenticate(const peer::sdk::AuthRequest& request, peer::sdk::AuthReply reply) override;
  [[nodiscard]] bool may_pass() const override { return true; }
  [[nodiscard]] bool takes_tokens() const override { return true; }
  [[nodiscard]] std::optional<std::string> identity_prefix() const override {
    if (options_.rules.binds_public_key) return std::nullopt;
    return options_.rules.identity_prefix;
  }

  /// For the hooks of the plugin: start, reload, stop.
  [[nodiscard]] KeyLoader& keys() { return keys_; }

 private:
  /// A token, and who shows it.
  struct Login {
    std::string token;
    std::optional<std::string> public_key_hash;  ///< in hex, for a token that is bound to it
    peer::sdk::AuthReply reply;
  };
  /// Whether a token with an unknown key may wait for a fetch: once only.
  enum class Patience { kWaits, kHasWaited };

  /// Judges it, at once or on another thread; the reply comes from there.
  void judge(Login login, Patience patience);
  /// Judges it when a fetch has come; at once where none comes.
  void wait_for_keys(Login login);

  const Options options_;
  peer::sdk::PluginHost& host_;
  KeyLoader keys_;
};

}  // namespace peer_jwt
