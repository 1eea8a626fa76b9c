#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <peer/sdk/result.h>

#include "core/net/certificate.h"

struct ssl_st;

namespace peer {

/// A certificate with its key, ready to serve: TLS 1.2 and 1.3, ALPN http/1.1.
/// Immutable and thread-safe; shared by the loops, which take the latest for new connections. A
/// connection keeps alive what it needs of the one that it began with.
class TlsContext {
 public:
  using Ref = std::shared_ptr<const TlsContext>;

  /// Reads PEM files: a certificate with its chain, and its key, not encrypted. The error names the
  /// file and what is wrong with it. Main thread: reads the disk.
  [[nodiscard]] static sdk::Result<Ref> load(const std::string& certificate_file,
                                             const std::string& key_file);
  ~TlsContext();
  [[nodiscard]] const CertificateFacts& certificate() const { return certificate_; }
  [[nodiscard]] const std::string& certificate_file() const { return certificate_file_; }
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsStream;
  struct Implementation;
  explicit TlsContext(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
  CertificateFacts certificate_;
  std::string certificate_file_;
};

/// The TLS side of one accepted, non-blocking socket; the handshake is part of the first reads.
/// Never blocks. One thread. The socket is the caller's and outlives the stream. The context may go
/// before: OpenSSL keeps what the stream needs of it.
class TlsStream {
 public:
  TlsStream(const TlsContext& context, int fd);

  /// As recv(2): bytes, 0 at the end, -1 with errno EAGAIN or, when the connection is broken,
  /// EPROTO. Nothing decrypted stays behind in the stream; `buffer` has room for two records.
  ssize_t read(std::span<std::uint8_t> buffer);
  /// As send(2). After EAGAIN the next call must offer the same bytes, more of them or not.
  ssize_t write(std::span<const std::uint8_t> bytes);
  /// Says that nothing follows (close_notify), if the socket takes it. Waits for no answer.
  void shut_down();

  /// Bytes that have come from the socket, those of records included that are not whole yet.
  [[nodiscard]] std::uint64_t bytes_read() const;
  /// The last read() can go on only once the socket is writable.
  [[nodiscard]] bool read_wants_write() const { return read_wants_write_; }
  /// The next read() has something to say though the socket may never be readable again.
  [[nodiscard]] bool must_read() const { return read_wants_write_ || ended_; }
  /// read() failed because the client spoke plain HTTP.
  [[nodiscard]] bool met_plain_http() const { return met_plain_http_; }

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };

  ssize_t read_record(std::span<std::uint8_t> buffer);
  ssize_t outcome(int result);

  std::unique_ptr<ssl_st, Free> ssl_;
  bool read_wants_write_ = false;
  bool ended_ = false;  // and `end_` is what read() says from now on
  ssize_t end_ = 0;
  bool met_plain_http_ = false;
};

/// What one TLS record holds at most.
inline constexpr std::size_t kTlsRecord = 16 * 1024;

}  // namespace peer
