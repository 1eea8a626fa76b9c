#pragma once

#include <cstdint>
#include <string>

#include <peer/sdk/result.h>

namespace peer {

/// Where a server on this machine listens.
struct HealthTarget {
  std::string unix_socket;  ///< empty: host and port
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;             ///< its certificate is not verified
  bool proxy_protocol = false;  ///< it requires a PROXY header
};

/// Asks the server for /health (docs/protocol.md, "D. HTTP"), and waits at most 5 s. The error says
/// what was answered instead of 200. It blocks: for a process that does nothing else
/// (--health-check).
[[nodiscard]] sdk::Result<void> check_health(const HealthTarget& target);

}  // namespace peer
