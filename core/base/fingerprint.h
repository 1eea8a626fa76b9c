#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/types.h>

namespace peer {

using sdk::Fingerprint;

/// The fingerprint of a public key: SHA-256 of its bytes (docs/protocol.md, "Identity").
[[nodiscard]] Fingerprint fingerprint_of(std::string_view public_key);

/// 64 lower-case hex digits, not terminated. Into `out`, for the hot path, or as a string.
void write_hex(const Fingerprint& fingerprint, char* out);
[[nodiscard]] std::string to_hex(const Fingerprint& fingerprint);

/// Reads 64 hex digits in either case; nullopt for anything else, which is then an alias.
[[nodiscard]] std::optional<Fingerprint> parse_fingerprint(std::string_view text);

}  // namespace peer
