#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "tools/peer-bench/floor.h"
#include "tools/peer-bench/throw_errno.h"

// The floor: a child process that echoes bytes. In: bytes on connections to a port of its own. Out:
// the same bytes. It looks at no message: one recv() and one send() for whatever is there is the
// least that any relay must do. So its CPU time for a message is what the machine charges today,
// and the server's is compared with that (tools/README.md).
namespace peer::bench {
namespace {

int listen_on_loopback(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, size) != 0 || ::listen(fd, 1024) != 0 ||
      ::getsockname(fd, generic, &size) != 0) {
    throw_errno("floor");
  }
  port = ntohs(address.sin_port);
  return fd;
}

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void accept_one(int epoll, int listener) {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  watch(epoll, fd);
}

void echo_once(int fd, std::vector<char>& buffer) {
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  // The socket blocks for sending, so a send is short only when the connection is gone.
  const bool echoed =
      got > 0 && ::send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
  if (!echoed) ::close(fd);
}

[[noreturn]] void serve(int listener) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  std::vector<char> buffer(std::size_t{256} * 1024);
  std::array<epoll_event, 256> ready;
  for (;;) {
    const int count = ::epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        accept_one(epoll, listener);
      } else {
        echo_once(fd, buffer);
      }
    }
  }
}

}  // namespace

EchoProcess::EchoProcess() {
  const int listener = listen_on_loopback(port_);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before prctl().
    if (::getppid() != parent) ::_exit(0);
    serve(listener);
  }
  ::close(listener);
}

EchoProcess::~EchoProcess() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace peer::bench
