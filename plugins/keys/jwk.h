#pragma once

#include <optional>
#include <string>

#include <peer/sdk/result.h>

#include "json_object.h"
#include "public_key.h"

namespace peer_keys {

/// A JSON Web Key (RFC 7517) that can verify: an RSA, P-256, P-384 or Ed25519 public key, or a
/// secret. The private part of a key is not looked at.
struct Jwk {
  std::string kid;                     ///< empty: none
  std::optional<Algorithm> algorithm;  ///< of `alg`
  /// The kind decides which of `key` and `secret` is set.
  KeyKind kind = KeyKind::kSecret;
  Pkey key;
  std::string secret;
};

/// An error says why the key is of no use: another kind, another use, a number that makes no key. A
/// caller that reads a set of keys leaves such a one out (RFC 7517 5). Any thread, while nobody
/// else uses the parser that `object` is of; the key is independent of that.
[[nodiscard]] peer::sdk::Result<Jwk> read_jwk(const simdjson::dom::object& object);

}  // namespace peer_keys
