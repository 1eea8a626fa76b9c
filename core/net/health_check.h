#pragma once

#include <cstdint>
#include <string>

#include <peer/sdk/result.h>

namespace peer {

/// Asks a server on this machine for /health, and waits at most 5 s. `host` is what it listens on;
/// with `tls` its certificate is not verified. The error says what was answered instead of 200.
[[nodiscard]] sdk::Result<void> check_health(const std::string& host, std::uint16_t port, bool tls);

}  // namespace peer
