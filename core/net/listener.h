#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

namespace peer {

/// A listening, non-blocking socket, as one loop accepts from it.
struct ListenSocket {
  int fd = -1;
  bool shared = false;          ///< other loops accept from the same queue
  bool proxy_protocol = false;  ///< connections must begin with a PROXY header
};

/// Connections that may wait to be accepted; the kernel cuts it to net.core.somaxconn.
inline constexpr int kListenBacklog = 4096;

/// Listening sockets on one address, one for each loop; the kernel spreads connections over them.
struct Listeners {
  std::vector<int> fds;  ///< non-blocking; the caller closes them
  std::uint16_t port = 0;
};

/// The addresses of `host` that this machine can listen on: one for an IP address, all of a name
/// ("localhost" has one of IPv4 and one of IPv6). The name itself when it has none. Resolves names:
/// main thread only.
[[nodiscard]] std::vector<std::string> addresses_of(const std::string& host);

/// Binds `count` sockets to `host` ("::" is dual stack) and `port` (0: any free one). An address
/// that another server has is an error, although the sockets share theirs among themselves.
/// Resolves names: main thread only.
[[nodiscard]] sdk::Result<Listeners> listen_on(const std::string& host, std::uint16_t port,
                                               std::size_t count);

/// `count` descriptors of the listening socket `fd`, which stays the caller's: for a Unix socket,
/// or one that another process has bound. It becomes non-blocking, and its connections get the
/// options of those of listen_on().
[[nodiscard]] sdk::Result<std::vector<int>> share_listening_socket(int fd, std::size_t count);

}  // namespace peer
