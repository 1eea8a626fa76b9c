#pragma once

#include <string>
#include <string_view>

namespace peer_keys {

/// The SHA-256 of the bytes as 64 lower-case hex digits: a fingerprint, as clients know it. Pure;
/// any thread.
[[nodiscard]] std::string hex_sha256(std::string_view bytes);

}  // namespace peer_keys
