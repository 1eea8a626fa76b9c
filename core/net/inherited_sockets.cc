#include "core/net/inherited_sockets.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include "core/base/address.h"
#include "core/net/listener.h"

namespace peer {
namespace {

// SD_LISTEN_FDS_START of sd_listen_fds(3).
constexpr int kFirst = 3;
// With the own ones, what a loop can listen on.
constexpr long kMost = 8;

std::optional<long> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  long number = -1;
  const char* const end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, number);
  return error == std::errc{} && at == end ? number : -1;
}

int option_of(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// Sets the name and the port.
void describe(InheritedSocket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(socket.fd, generic, &size) != 0) return;
  if (address.ss_family == AF_UNIX) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(address);
    const std::size_t length = size - offsetof(sockaddr_un, sun_path);
    socket.name = "unix:" + std::string(local.sun_path, ::strnlen(local.sun_path, length));
    return;
  }
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (::getnameinfo(generic, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return;
  }
  socket.port = static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10));
  socket.name = with_port(host, socket.port);
}

}  // namespace

sdk::Result<std::vector<InheritedSocket>> take_inherited_sockets() {
  std::vector<InheritedSocket> sockets;
  const std::optional<long> count = number_in("LISTEN_FDS");
  const std::optional<long> process = number_in("LISTEN_PID");
  if (!count || !process) return sockets;
  if (*process != ::getpid()) {
    return sdk::Error{
        "LISTEN_FDS is set, but LISTEN_PID names another process: start the server with exec, and "
        "without --daemon, or unset both"};
  }
  if (*count < 1 || *count > kMost) {
    return sdk::Error{"LISTEN_FDS: expected a number of sockets from 1 to " +
                      std::to_string(kMost)};
  }
  for (int fd = kFirst; fd < kFirst + *count; ++fd) {
    // Looked at now: a descriptor of another kind would fail at the first accept() of each loop.
    const int domain = option_of(fd, SO_DOMAIN);
    const bool is_known = domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX;
    if (!is_known || option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) != 1) {
      return sdk::Error{"LISTEN_FDS: descriptor " + std::to_string(fd) +
                        " is no listening stream socket: the socket unit needs ListenStream= and "
                        "Accept=no"};
    }
    // A program that a plugin starts must not hold the port.
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    sockets.push_back({fd, {}, 0});
    describe(sockets.back());
  }
  return sockets;
}

}  // namespace peer
