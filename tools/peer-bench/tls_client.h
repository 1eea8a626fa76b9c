#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct ssl_st;

namespace peer::bench {

/// TLS on one client's connected, non-blocking socket. The handshake happens within the first
/// calls; the server's certificate is not verified, since a bench has nothing to hide. One thread.
class TlsClient {
 public:
  /// The socket stays the caller's. Throws std::bad_alloc.
  explicit TlsClient(int fd);

  /// As recv(2), of one record. Also what a handshake waits for: write again after it.
  ssize_t read(std::span<std::uint8_t> buffer);
  /// As send(2): -1 with EAGAIN also while the handshake waits for the server.
  ssize_t write(std::span<const std::uint8_t> bytes);
  /// The last write() waits for the server's bytes, not for room in the socket.
  [[nodiscard]] bool write_wants_read() const { return write_wants_read_; }

 private:
  struct Free {
    void operator()(ssl_st* tls) const;
  };

  std::unique_ptr<ssl_st, Free> tls_;
  bool write_wants_read_ = false;
};

}  // namespace peer::bench
