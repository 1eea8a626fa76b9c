#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/deadline.h"

namespace peer::test {

/// One TCP connection to 127.0.0.1 with deadlines. Failures that a test did not ask for throw
/// std::runtime_error, which fails the test with the text. One thread.
class TcpStream {
 public:
  /// `receive_buffer`: SO_RCVBUF in bytes, 0 for the system's; small ones make a slow consumer.
  explicit TcpStream(std::uint16_t port, int receive_buffer = 0);
  ~TcpStream();
  TcpStream(TcpStream&& other) noexcept;
  TcpStream& operator=(TcpStream&&) = delete;

  /// Writes everything; throws when the other side has closed or takes nothing until the deadline.
  void write(std::string_view bytes, Deadline deadline = Deadline());
  /// Writes what the kernel takes now. Returns the count, or -1 when the connection is broken.
  long write_some(std::string_view bytes);
  /// Appends what comes next, waiting for it. Returns 0 at the end of the stream (a reset counts
  /// as one); throws at the deadline.
  std::size_t read_some(std::string& into, Deadline deadline = Deadline());
  /// Reads and drops until the other side closes; throws at the deadline.
  void expect_end(Deadline deadline = Deadline());
  /// Waits until the connection can be written or the other side sends or closes.
  void wait_writable(Deadline deadline = Deadline());

  /// Sends FIN; reading goes on.
  void shutdown_writing();
  /// Closes with RST.
  void reset();

 private:
  int fd_ = -1;
};

}  // namespace peer::test
