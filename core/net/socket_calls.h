#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace peer {

/// As send(2) and recv(2), which glibc makes points where a thread may be cancelled: nobody cancels
/// a thread here, and that costs 40 instructions of each message that comes or goes. Sanitizers see
/// memory, and what happens before what, by glibc's functions only, so they get those.
///
/// Both return at once, whatever the flags of the descriptor are: -1 with errno EAGAIN where the
/// socket takes or has nothing. On a connection that has ended, send_some() fails with EPIPE or
/// ECONNRESET, and raises no signal.
inline ssize_t send_some(int fd, std::span<const std::uint8_t> bytes) {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
#ifdef PEER_SANITIZED
  return ::send(fd, bytes.data(), bytes.size(), kFlags);
#else
  return ::syscall(SYS_sendto, fd, bytes.data(), bytes.size(), kFlags, nullptr, 0);
#endif
}
/// Returns the bytes that were read, at most what `buffer` holds; 0: the other side has ended its
/// half, or `buffer` is empty.
inline ssize_t receive_some(int fd, std::span<std::uint8_t> buffer) {
#ifdef PEER_SANITIZED
  return ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
#else
  return ::syscall(SYS_recvfrom, fd, buffer.data(), buffer.size(), MSG_DONTWAIT, nullptr, nullptr);
#endif
}

}  // namespace peer
