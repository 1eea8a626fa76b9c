#pragma once

#include <cstdint>
#include <vector>

/// Kernel memory of a server's sockets, as the kernel accounts it.
namespace peer::bench {

/// For each established IPv4 connection of this network namespace whose local port is `port`: bytes
/// in its send and receive queues, with the kernel's overhead (wmem_queued and rmem_alloc of
/// sock_diag(7)); largest first. Empty when the kernel does not tell.
[[nodiscard]] std::vector<std::uint64_t> socket_memory(std::uint16_t port);

}  // namespace peer::bench
