#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "algorithm.h"
#include "json_object.h"

namespace peer_jwt {

/// A signed token (RFC 7519 in the compact form of RFC 7515), read and not yet verified.
struct Token {
  peer_keys::Algorithm algorithm{};
  std::optional<std::string> kid;
  std::string_view signed_part;  ///< of the text that was parsed: header and claims as they came
  std::string signature;
  std::string claims;  ///< bytes; whether they are JSON is seen once they are verified
};

/// The longest `kid` that a token may name.
inline constexpr std::size_t kMaxKid = 256;

/// Reads `text`, which may be anything. nullopt when it is well formed, else the words for the
/// client. Header fields that it does not know are passed over, those that carry keys or name
/// places of keys (`jwk`, `jku`, `x5u`, `x5c`) too; but for `crit` (RFC 7515 4.1.11): what a token
/// calls critical is understood or refused.
[[nodiscard]] std::optional<std::string> parse_token(std::string_view text,
                                                     peer_keys::ObjectParser& parser, Token& out);

}  // namespace peer_jwt
