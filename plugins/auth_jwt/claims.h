#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/auth.h>

#include "json_object.h"

namespace peer_jwt {

/// What a token's claims must say, and which of them say what a peer may do
/// (plugins/auth_jwt/README.md).
struct ClaimRules {
  /// What must be true of a token.
  std::string issuer{};  ///< empty: any
  std::vector<std::string>
      audience{};  ///< one of these; empty: a token that names one is not for us
  std::chrono::seconds leeway{0};
  bool require_exp = true;
  /// What the peer is called by: its fingerprint is made of prefix and claim.
  std::string identity_claim = "sub";
  std::string identity_prefix{};  ///< stands before the identity
  /// The claim `pk` names the `public_key` of the peer, and no identity is granted.
  bool binds_public_key = false;
};

/// Judges the claims of a token whose signature is good. `public_key_hash`: the hex SHA-256 of what
/// the peer registers with, or has registered with; nullopt: nothing. nullopt when `out` is
/// granted, else the words for the client.
[[nodiscard]] std::optional<std::string> judge_claims(
    std::string_view claims, const ClaimRules& rules,
    std::optional<std::string_view> public_key_hash, peer::sdk::Instant now,
    peer_keys::ObjectParser& parser, peer::sdk::AuthGrant& out);

}  // namespace peer_jwt
