#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

namespace peer {

/// Listening sockets on one address, one for each loop; the kernel spreads connections over them.
struct Listeners {
  std::vector<int> fds;  ///< non-blocking; the caller closes them
  std::uint16_t port = 0;
};

/// Binds `count` sockets to `host` ("::" is dual stack) and `port` (0: any free one). An address
/// that another server has is an error, although the sockets share theirs among themselves.
/// Resolves names: main thread only.
[[nodiscard]] sdk::Result<Listeners> listen_on(const std::string& host, std::uint16_t port,
                                               std::size_t count);

}  // namespace peer
