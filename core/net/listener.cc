#include "core/net/listener.h"

#include <Poco/Exception.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/HostEntry.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/SocketImpl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/base/address.h"

// Listening sockets of TCP, on the main thread, which may wait for the resolution of a name. In:
// host and port, or a socket that another process has bound. Out: non-blocking descriptors, one for
// each loop, or an error that names the address. The sockets of one port share it (SO_REUSEPORT),
// so that the kernel spreads connections over the loops. But that would also let a second server of
// the same user join them without a word: so one socket is bound without sharing first, and then
// closed.
namespace peer {
namespace {

// How much the kernel may hold unsent for one socket. Without it megabytes pile up behind each
// reader that has stopped reading (docs/decisions.md, "Socket options are inherited").
constexpr int kUnsentBytes = 128 * 1024;

void bind(Poco::Net::ServerSocket& socket, const Poco::Net::SocketAddress& address, bool share) {
  if (address.family() == Poco::Net::SocketAddress::IPv6) {
    socket.bind6(address, true, share, false);
  } else {
    // The three-argument form: the short ones share the port without being asked.
    socket.bind(address, true, share);
  }
}

// Accepted sockets inherit these: no system call for each connection. Unix sockets have neither.
void set_options(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
}

// A descriptor of our own: POCO's sockets close theirs.
int take_fd(const Poco::Net::ServerSocket& socket) {
  const int fd = ::fcntl(socket.impl()->sockfd(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0 || ::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "fcntl");
  }
  return fd;
}

// "Net Exception: Address already in use: 127.0.0.1:80" without its class, which says nothing, and
// without the address that was asked for.
std::string reason_of(const Poco::Exception& failure, const std::string& address) {
  constexpr std::string_view kClass = "Net Exception: ";
  std::string reason = failure.displayText();
  if (reason.starts_with(kClass)) reason.erase(0, kClass.size());
  if (reason.ends_with(": " + address)) reason.resize(reason.size() - address.size() - 2);
  return reason;
}

// Whether this machine has the address: /etc/hosts may name ::1 where IPv6 is off.
bool can_bind(const Poco::Net::IPAddress& address) {
  try {
    Poco::Net::ServerSocket probe;
    bind(probe, Poco::Net::SocketAddress(address, 0), false);
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

}  // namespace

std::vector<std::string> addresses_of(const std::string& host) {
  Poco::Net::IPAddress literal;
  if (Poco::Net::IPAddress::tryParse(host, literal)) return {host};
  std::vector<std::string> found;
  try {
    const Poco::Net::HostEntry entry = Poco::Net::DNS::hostByName(host);
    for (const Poco::Net::IPAddress& address : entry.addresses()) {
      const std::string text = address.toString();
      const bool is_new = std::find(found.begin(), found.end(), text) == found.end();
      if (is_new && can_bind(address)) found.push_back(text);
    }
  } catch (const Poco::Exception&) {  // listen_on() says what is wrong
  }
  return found.empty() ? std::vector<std::string>{host} : found;
}

sdk::Result<Listeners> listen_on(const std::string& host, std::uint16_t port, std::size_t count) {
  Listeners listeners;
  try {
    Poco::Net::SocketAddress address(host, port);
    Poco::Net::ServerSocket probe;
    bind(probe, address, false);
    listeners.port = probe.address().port();
    probe.close();
    // Of port 0 the first socket has picked one for all.
    address = Poco::Net::SocketAddress(address.host(), listeners.port);
    for (std::size_t i = 0; i < count; ++i) {
      Poco::Net::ServerSocket socket;
      bind(socket, address, true);
      set_options(socket.impl()->sockfd());
      socket.listen(kListenBacklog);
      listeners.fds.push_back(take_fd(socket));
    }
    return listeners;
  } catch (const Poco::Exception& failure) {
    for (const int fd : listeners.fds) ::close(fd);
    return sdk::Error{"cannot listen on " + with_port(host, port) + ": " +
                      reason_of(failure, with_port(host, port)) + "; choose another host or port"};
  } catch (const std::exception& failure) {
    for (const int fd : listeners.fds) ::close(fd);
    return sdk::Error{"cannot listen on " + with_port(host, port) + ": " + failure.what()};
  }
}

sdk::Result<std::vector<int>> share_listening_socket(int fd, std::size_t count) {
  std::vector<int> fds;
  set_options(fd);
  bool done = ::fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
  while (done && fds.size() < count) {
    const int shared = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    done = shared >= 0;
    if (done) fds.push_back(shared);
  }
  if (done) return fds;
  const std::string reason = std::generic_category().message(errno);
  for (const int shared : fds) ::close(shared);
  return sdk::Error{"cannot share a listening socket among the event loops: " + reason};
}

}  // namespace peer
