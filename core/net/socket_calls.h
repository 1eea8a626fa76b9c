#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace peer {

/// As send(2) and recv(2), which glibc makes points where a thread may be cancelled: nobody cancels
/// a thread here, and that costs 40 instructions of each message that comes or goes.
inline ssize_t send_some(int fd, std::span<const std::uint8_t> bytes) {
  return ::syscall(SYS_sendto, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT, nullptr,
                   0);
}
inline ssize_t receive_some(int fd, std::span<std::uint8_t> buffer) {
  return ::syscall(SYS_recvfrom, fd, buffer.data(), buffer.size(), MSG_DONTWAIT, nullptr, nullptr);
}

}  // namespace peer
