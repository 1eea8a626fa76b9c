#pragma once

#include <string>
#include <string_view>

namespace peer {

/// HMAC-SHA256 (RFC 2104, FIPS 180-4) in 64 lower-case hex digits. Webhooks are signed with it, one
/// signature for each secret in use (docs/api.md, "Webhooks"). Pure; any thread.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view text);

}  // namespace peer
