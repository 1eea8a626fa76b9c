#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

namespace peer {

/// A listening socket that a service manager has opened for this process.
struct InheritedSocket {
  int fd = -1;
  std::string name;        ///< "0.0.0.0:8080", "unix:/run/peer-server.sock", for the log
  std::uint16_t port = 0;  ///< 0: a Unix socket
};

/// The sockets that LISTEN_FDS and LISTEN_PID tell of (sd_listen_fds(3)): descriptors from 3 on.
/// None when the variables are not set. The error names a descriptor that is no listening stream
/// socket, or says that the sockets are another process's. Main thread, once: sets close-on-exec.
[[nodiscard]] sdk::Result<std::vector<InheritedSocket>> take_inherited_sockets();

}  // namespace peer
