#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/types.h>

namespace peer {

/// The 32 bytes that name a peer. Everything here is pure; any thread.
using sdk::Fingerprint;

/// The fingerprint of a public key: SHA-256 of its bytes (docs/protocol.md, "Identity").
[[nodiscard]] Fingerprint fingerprint_of(std::string_view public_key);
/// Of an identity that an auth plugin has granted: the SHA-256 of NUL, "identity", NUL and the
/// identity. A client's `public_key` never begins with NUL, so no guest can name somebody's
/// identity.
[[nodiscard]] Fingerprint fingerprint_of_identity(std::string_view identity);

/// Of a client that speaks another protocol: the SHA-256 of NUL, "dialect", NUL, the name of the
/// dialect, NUL, its realm, NUL and the client's id. What that is made of, up to the id.
[[nodiscard]] std::string foreign_key(std::string_view dialect, std::string_view realm);

/// How long it takes does not tell how many bytes are the same.
[[nodiscard]] bool is_same_in_constant_time(const Fingerprint& one, const Fingerprint& other);

/// 64 lower-case hex digits, not terminated. Into `out`, which has room for them and costs no
/// allocation, or as a string.
void write_hex(const Fingerprint& fingerprint, char* out);
[[nodiscard]] std::string to_hex(const Fingerprint& fingerprint);

/// Reads 64 hex digits in either case; nullopt for anything else, which is then an alias.
[[nodiscard]] std::optional<Fingerprint> parse_fingerprint(std::string_view text);

}  // namespace peer
