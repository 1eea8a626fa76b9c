#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/result.h>

#include "verify_key.h"

namespace peer_jwt {

/// One key, under its name, ready for each algorithm that it may verify: one, but for an RSA key
/// that says nothing of it and for which the options name several.
struct NamedKey {
  std::string kid;  ///< empty: none
  std::vector<peer_keys::VerifyKey> uses;
};

inline constexpr std::size_t kMaxKeys = 100;             ///< in one set
inline constexpr std::size_t kMaxJwksSize = 256 * 1024;  ///< bytes of its text

/// Keys by name, in the order in which they were added; names may stand twice, or be empty.
/// Immutable once it is built; any thread.
class KeySet {
 public:
  void add(NamedKey key) { keys_.push_back(std::move(key)); }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] const std::vector<NamedKey>& keys() const { return keys_; }

 private:
  std::vector<NamedKey> keys_;
};

/// The keys of a token's `kid` and `alg`, of several sets together.
struct Lookup {
  const peer_keys::VerifyKey* key = nullptr;
  /// Why there is none, for the client. Null with a key.
  const char* refusal = nullptr;
  /// Whether newer keys could change that: the name is not known.
  bool is_unknown_kid = false;
};

/// Without a `kid`, in the token or in the key, the key is the only one there is.
[[nodiscard]] Lookup find_key(const std::vector<const KeySet*>& sets,
                              const std::optional<std::string>& kid,
                              peer_keys::Algorithm algorithm);

/// Whether a JWKS may hold secrets: a file may, what a URL answers may not.
enum class Secrets { kAllowed, kRefused };

/// What was read of a JWKS.
struct Jwks {
  KeySet keys;
  /// Keys that are of no use, each with the reason: "key 2 ('a'): its kind is not supported".
  std::vector<std::string> skipped;
};

/// Reads a JWK Set (RFC 7517 5). A key that is of no use is skipped, as that asks for.
/// `algorithms`: for keys without `alg`; where it is empty, such a key of a curve has the one
/// algorithm that there is for it, and an RSA key is skipped. An error when it is no JWKS at all or
/// exceeds a bound.
[[nodiscard]] peer::sdk::Result<Jwks> read_jwks(std::string_view text,
                                                const std::vector<peer_keys::Algorithm>& algorithms,
                                                Secrets secrets);

}  // namespace peer_jwt
