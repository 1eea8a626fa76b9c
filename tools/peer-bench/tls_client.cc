#include "tools/peer-bench/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <new>

// TLS for the generator, by OpenSSL on the client's own socket and thread. In: bytes of the socket.
// Out: decrypted bytes, and the results of recv(2) and send(2), so that ClientLoop reads and writes
// it nearly as it does a plain socket.
namespace peer::bench {
namespace {

/// One for all: each connection makes a full handshake, as each of other clients would.
SSL_CTX* shared_context() {
  static const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
      SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  return context.get();
}

/// What a call without bytes means, as recv(2) and send(2) say it.
ssize_t outcome(int error) {
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  const bool would_block = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  if (would_block) errno = EAGAIN;
  if (error == SSL_ERROR_SSL || errno == 0) errno = EPROTO;
  return -1;
}

}  // namespace

void TlsClient::Free::operator()(ssl_st* tls) const { SSL_free(tls); }

TlsClient::TlsClient(int fd) : tls_(SSL_new(shared_context())) {
  if (tls_ == nullptr || SSL_set_fd(tls_.get(), fd) != 1) throw std::bad_alloc();
  SSL_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_set_connect_state(tls_.get());
}

ssize_t TlsClient::read(std::span<std::uint8_t> buffer) {
  ERR_clear_error();
  const int count = SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()));
  return count > 0 ? count : outcome(SSL_get_error(tls_.get(), count));
}

ssize_t TlsClient::write(std::span<const std::uint8_t> bytes) {
  ERR_clear_error();
  const int count = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
  const int error = SSL_get_error(tls_.get(), count);
  write_wants_read_ = error == SSL_ERROR_WANT_READ;
  return count > 0 ? count : outcome(error);
}

}  // namespace peer::bench
