#include "tests/support/tcp_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
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

TcpStream::TcpStream(std::uint16_t port, int receive_buffer)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    close(fd_);
    fail("cannot connect: " + reason);
  }
}

TcpStream::~TcpStream() {
  if (fd_ >= 0) close(fd_);
}

TcpStream::TcpStream(TcpStream&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

void TcpStream::write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const long sent = write_some(bytes);
    if (sent < 0) fail("closed by the server while writing");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (!bytes.empty()) wait_for(fd_, POLLOUT, deadline, "writing");
  }
}

long TcpStream::write_some(std::string_view bytes) {
  const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

std::size_t TcpStream::read_some(std::string& into, Deadline deadline) {
  wait_for(fd_, POLLIN, deadline, "reading");
  char chunk[64 * 1024];
  const ssize_t count = recv(fd_, chunk, sizeof chunk, 0);
  if (count <= 0) return 0;
  into.append(chunk, static_cast<std::size_t>(count));
  return static_cast<std::size_t>(count);
}

void TcpStream::expect_end(Deadline deadline) {
  std::string dropped;
  while (read_some(dropped, deadline) > 0) dropped.clear();
}

void TcpStream::wait_writable(Deadline deadline) {
  wait_for(fd_, POLLOUT | POLLIN, deadline, "waiting to write");
}

void TcpStream::shutdown_writing() { shutdown(fd_, SHUT_WR); }

void TcpStream::reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(std::exchange(fd_, -1));
}

}  // namespace peer::test
