#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/deadline.h"

struct ssl_st;

namespace peer::test {

/// How to connect, and what to say first.
struct Dial {
  std::uint16_t port = 0;
  std::string host = "127.0.0.1";  ///< the server's address, of IPv4 or IPv6
  int receive_buffer = 0;  ///< SO_RCVBUF in bytes, 0 for the system's; small makes a slow consumer
  std::string source{};    ///< the client's own address, any of 127.0.0.0/8
  std::string unix_socket{};     ///< connects to this file instead of the port
  std::string preface{};         ///< written first, before TLS: a PROXY header, say
  bool tls = false;              ///< certificates are not verified
  int tls_version = 0;           ///< TLS1_2_VERSION, TLS1_3_VERSION; 0: the best
  std::string path = "/ws";      ///< of the upgrade
  std::string headers{};         ///< further lines of the upgrade, each ended by CRLF
  std::string behind_upgrade{};  ///< written together with the request, in one write
};

/// One connection with deadlines. Failures that a test did not ask for throw
/// std::runtime_error, which fails the test with the text. One thread.
class TcpStream {
 public:
  explicit TcpStream(const Dial& dial);
  explicit TcpStream(std::uint16_t port) : TcpStream(Dial{.port = port}) {}
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
  /// The other side has sent something that was not read, or its end.
  bool is_readable() const;
  /// A TLS connection ended with close_notify, and not just with TCP.
  bool ended_properly() const;
  /// Waits until the connection can be written or the other side sends or closes.
  void wait_writable(Deadline deadline = Deadline());

  /// Sends FIN; reading goes on.
  void shutdown_writing();
  /// What was agreed on, of a TLS connection: "TLSv1.3", "http/1.1", the certificate's serial.
  std::string tls_protocol() const;
  std::string alpn() const;
  std::string certificate_serial() const;

  /// Closes with RST.
  void reset();

 private:
  struct FreeTls {
    void operator()(ssl_st* tls) const;
  };

  void connect_tcp(const Dial& dial);
  void start_tls(int version);
  long receive(char* into, std::size_t size, Deadline deadline);

  int fd_ = -1;
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace peer::test
