#include "tests/support/tcp_stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace peer::test {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("connection: " + what); }

void wait_for(int fd, short events, Deadline deadline, const char* what) {
  pollfd entry{fd, events, 0};
  if (poll(&entry, 1, deadline.milliseconds_left()) <= 0) fail(std::string("timed out ") + what);
}

}  // namespace

void TcpStream::FreeTls::operator()(ssl_st* tls) const { SSL_free(tls); }

namespace {

bool is_ipv6(const std::string& host) { return host.find(':') != std::string::npos; }

int connect_unix(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    close(fd);
    fail("cannot connect to " + path + ": " + reason);
  }
  return fd;
}

}  // namespace

TcpStream::TcpStream(const Dial& dial)
    : fd_(dial.unix_socket.empty()
              ? socket(is_ipv6(dial.host) ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)
              : connect_unix(dial.unix_socket)) {
  if (dial.unix_socket.empty()) connect_tcp(dial);
  if (!dial.preface.empty()) write(dial.preface);
  if (dial.tls) start_tls(dial.tls_version);
}

void TcpStream::connect_tcp(const Dial& dial) {
  if (dial.receive_buffer > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &dial.receive_buffer, sizeof dial.receive_buffer);
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (!dial.source.empty()) {
    inet_pton(AF_INET, dial.source.c_str(), &address.sin_addr);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      close(fd_);
      fail("cannot bind to " + dial.source);
    }
  }
  address.sin_port = htons(dial.port);
  inet_pton(AF_INET, dial.host.c_str(), &address.sin_addr);
  sockaddr_in6 address6{};
  address6.sin6_family = AF_INET6;
  address6.sin6_port = htons(dial.port);
  inet_pton(AF_INET6, dial.host.c_str(), &address6.sin6_addr);
  const bool ipv6 = is_ipv6(dial.host);
  const void* const server = ipv6 ? static_cast<void*>(&address6) : &address;
  if (connect(fd_, static_cast<const sockaddr*>(server), ipv6 ? sizeof address6 : sizeof address) !=
      0) {
    const std::string reason = std::strerror(errno);
    close(fd_);
    fail("cannot connect: " + reason);
  }
}

void TcpStream::start_tls(int version) {
  static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  tls_.reset(SSL_new(context));
  SSL_set_fd(tls_.get(), fd_);
  SSL_set_min_proto_version(tls_.get(), version);
  SSL_set_max_proto_version(tls_.get(), version);
  constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(tls_.get(), kProtocols, sizeof kProtocols - 1);
  SSL_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A timeout in the kernel, for this one exchange that blocks.
  const timeval limit{10L * timeout_factor(), 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (const int result = SSL_connect(tls_.get()); result != 1) {
    const int error = SSL_get_error(tls_.get(), result);
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    const std::string words = reason != nullptr ? reason : std::strerror(errno);
    tls_.reset();
    close(std::exchange(fd_, -1));
    fail("TLS handshake failed: " + std::to_string(error) + ", " + words);
  }
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

TcpStream::~TcpStream() {
  if (fd_ >= 0) close(fd_);
}

TcpStream::TcpStream(TcpStream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)) {}

void TcpStream::write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const long sent = write_some(bytes);
    if (sent < 0) fail("closed by the server while writing");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (!bytes.empty()) wait_for(fd_, POLLOUT, deadline, "writing");
  }
}

long TcpStream::write_some(std::string_view bytes) {
  if (tls_ != nullptr) {
    const int sent = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (sent > 0) return sent;
    const int error = SSL_get_error(tls_.get(), sent);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }
  const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

std::size_t TcpStream::read_some(std::string& into, Deadline deadline) {
  char chunk[64 * 1024];
  const long count = receive(chunk, sizeof chunk, deadline);
  if (count <= 0) return 0;
  into.append(chunk, static_cast<std::size_t>(count));
  return static_cast<std::size_t>(count);
}

long TcpStream::receive(char* into, std::size_t size, Deadline deadline) {
  if (tls_ == nullptr) {
    wait_for(fd_, POLLIN, deadline, "reading");
    return recv(fd_, into, size, 0);
  }
  while (true) {
    const int count = SSL_read(tls_.get(), into, static_cast<int>(size));
    if (count > 0 || SSL_get_error(tls_.get(), count) != SSL_ERROR_WANT_READ) return count;
    wait_for(fd_, POLLIN, deadline, "reading");
  }
}

void TcpStream::expect_end(Deadline deadline) {
  std::string dropped;
  while (read_some(dropped, deadline) > 0) dropped.clear();
}

bool TcpStream::is_readable() const {
  pollfd entry{fd_, POLLIN, 0};
  return (tls_ != nullptr && SSL_pending(tls_.get()) > 0) || poll(&entry, 1, 0) > 0;
}

bool TcpStream::ended_properly() const {
  return (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TcpStream::wait_writable(Deadline deadline) {
  wait_for(fd_, POLLOUT | POLLIN, deadline, "waiting to write");
}

void TcpStream::shutdown_writing() { shutdown(fd_, SHUT_WR); }

std::string TcpStream::tls_protocol() const { return SSL_get_version(tls_.get()); }

std::string TcpStream::alpn() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(tls_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string TcpStream::certificate_serial() const {
  const X509* certificate = SSL_get0_peer_certificate(tls_.get());
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* text = BN_bn2hex(number);
  std::string serial = text;
  OPENSSL_free(text);
  BN_free(number);
  return serial;
}

void TcpStream::reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(std::exchange(fd_, -1));
}

}  // namespace peer::test
