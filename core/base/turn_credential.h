#pragma once

#include <string>
#include <string_view>

namespace peer {

/// The password that a TURN server with a shared secret expects of `username`: base64, with
/// padding, of HMAC-SHA1(secret, username). That is the TURN REST API
/// (draft-uberti-behave-turn-rest), which coturn calls `use-auth-secret`. About 1 us. Thread-safe.
[[nodiscard]] std::string turn_credential(std::string_view secret, std::string_view username);

}  // namespace peer
