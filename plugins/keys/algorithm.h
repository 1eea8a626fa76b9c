#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// How a token or a challenge is signed: the algorithms of RFC 7518 and RFC 8037 that are verified
/// here. Which of them a key verifies is decided where the key is configured, and never by what a
/// token says of itself (RFC 8725 3.1). Pure functions; any thread.
namespace peer_keys {

enum class Algorithm : std::uint8_t {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kEs256,
  kEs384,
  kEdDsa,
};

/// "RS256" and so on, case-sensitive. "Ed25519", as browsers write it in a JWK (RFC 9864), is
/// EdDSA. nullopt: anything else, such as "none".
[[nodiscard]] std::optional<Algorithm> algorithm_of(std::string_view name);

/// As it is written in a header: "EdDSA", not "Ed25519".
[[nodiscard]] std::string_view name_of(Algorithm algorithm);

/// What kind of key an algorithm takes.
enum class KeyKind : std::uint8_t { kSecret, kRsa, kP256, kP384, kEd25519 };
[[nodiscard]] KeyKind key_kind_of(Algorithm algorithm);

}  // namespace peer_keys
