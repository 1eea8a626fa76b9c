#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

#include "core/config/config.h"
#include "core/net/event_loop.h"
#include "core/net/unix_socket.h"

namespace peer {

/// Where a server listens for clients.
struct OpenListeners {
  std::vector<std::string> names;  ///< for the log: "0.0.0.0:8080, TLS", "unix:/run/peer.sock"
  std::uint16_t port = 0;          ///< the first of TCP; 0: none
  std::unique_ptr<UnixSocket> unix_socket;  ///< null: none of its own
};

/// Opens what `config` names, or takes the sockets of the service manager in place of all of it,
/// and gives each loop its part. Main thread, before the loops run. The loops own what they
/// listen on from then on; the result owns the Unix socket's file.
[[nodiscard]] sdk::Result<OpenListeners> open_listeners(
    const Config& config, const std::vector<std::unique_ptr<EventLoop>>& loops);

}  // namespace peer
