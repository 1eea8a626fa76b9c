#pragma once

#include <string>
#include <string_view>

namespace peer {

/// HMAC-SHA256 (RFC 2104, FIPS 180-4) in 64 lower-case hex digits.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view text);

}  // namespace peer
