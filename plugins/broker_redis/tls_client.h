#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;

namespace peer_redis {

/// Files in PEM; empty: the system's authorities, and no certificate of our own.
struct TlsOptions {
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  std::string server_name;  ///< that the certificate must have; empty: the host of the address
};

/// The client's side of TLS on one connection: bytes in, bytes out, no socket, never blocks. The
/// server's certificate must be good and must name the host. The files are read anew for each
/// connection, so that a renewed certificate is taken. Loop thread only.
class TlsClient {
 public:
  struct Wrong {
    std::string key;  ///< the option
    std::string expected;
  };
  /// Whether the files can be used.
  static std::optional<Wrong> check(const TlsOptions& options);

  /// Begins with a server that is reached as `host`, a name or an address.
  TlsClient(const TlsOptions& options, const std::string& host);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// Takes what has come from the network; appends what it says to `plain`. False: failed.
  [[nodiscard]] bool receive(std::string_view wire, std::string& plain);
  /// Takes what is to be said; false: failed, or is_ready() is false.
  [[nodiscard]] bool send(std::string_view plain);
  /// Appends what has to go to the network.
  void take_wire(std::string& wire);
  /// The handshake is over on our side: the server is who it should be. With TLS 1.3 it may still
  /// refuse our certificate.
  [[nodiscard]] bool is_ready() const;
  /// Empty: it has not failed.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };

  /// Goes on with the handshake. False: failed.
  bool shake_hands();
  /// Notes the reason, if OpenSSL's result is a failure and not a wish for more bytes.
  void fail(int result);

  std::unique_ptr<ssl_st, Free> ssl_;
  std::string failure_;
};

}  // namespace peer_redis
