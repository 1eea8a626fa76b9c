#include "core/process/open_listeners.h"

#include <string>
#include <utility>

#include "core/base/address.h"
#include "core/base/log.h"
#include "core/net/inherited_sockets.h"
#include "core/net/listener.h"
#include "core/net/loops.h"

// Where clients connect, on the main thread before the loops run. In: the configuration, or sockets
// that a service manager has opened. Out: a descriptor for each loop and socket, and names for the
// log, or the first error. A TCP port has a socket for each loop, and the kernel spreads the
// connections. A Unix socket and one of a service manager are one queue, which the loops share
// (ListenSocket::shared).
namespace peer {
namespace {

void give(const Loops& loops, const std::vector<int>& fds, bool shared, ProxyProtocol header) {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    loops[i]->listen({fds[i], shared, header == ProxyProtocol::kRequire});
  }
}

std::string name_of(const std::string& address, bool tls, ProxyProtocol header) {
  return address + (header == ProxyProtocol::kRequire ? ", PROXY protocol" : "") +
         (tls ? ", TLS" : "");
}

class Opener {
 public:
  Opener(const Config& config, const Loops& loops) : config_(config), loops_(loops) {}

  sdk::Result<void> open_port() {
    for (const std::string& address : addresses_of(config_.host)) {
      // Of port 0 the first address picks a port for all.
      const std::uint16_t port = result_.port != 0 ? result_.port : config_.port;
      const auto listeners = listen_on(address, port, loops_.size());
      if (!listeners) return listeners.error();
      give(loops_, listeners->fds, false, config_.proxy_protocol);
      result_.port = listeners->port;
      add_tcp(with_port(address, listeners->port));
    }
    return {};
  }

  sdk::Result<void> open_unix_socket() {
    const auto owner = find_owner(config_.unix_socket_owner);
    if (!owner) return owner.error();
    // Octal digits: the configuration has been checked (rule::file_mode).
    const auto mode = static_cast<mode_t>(std::stoul(config_.unix_socket_mode, nullptr, 8));
    auto socket = UnixSocket::listen(config_.unix_socket, mode, *owner);
    if (!socket) return socket.error();
    result_.unix_socket = std::move(*socket);
    add_unix("unix:" + config_.unix_socket);
    return share(result_.unix_socket->fd(), config_.unix_socket_proxy_protocol);
  }

  sdk::Result<void> take(const InheritedSocket& socket) {
    const bool tcp = socket.port != 0;
    if (tcp && result_.port == 0) result_.port = socket.port;
    tcp ? add_tcp(socket.name + " of the service manager")
        : add_unix(socket.name + " of the service manager");
    return share(socket.fd, tcp ? config_.proxy_protocol : config_.unix_socket_proxy_protocol);
  }

  OpenListeners result() { return std::move(result_); }

 private:
  void add_tcp(const std::string& address) {
    result_.names.push_back(name_of(address, !config_.tls_cert.empty(), config_.proxy_protocol));
  }
  void add_unix(const std::string& address) {
    result_.names.push_back(name_of(address, false, config_.unix_socket_proxy_protocol));
  }
  sdk::Result<void> share(int fd, ProxyProtocol header) {
    const auto fds = share_listening_socket(fd, loops_.size());
    if (!fds) return fds.error();
    give(loops_, *fds, true, header);
    return {};
  }

  const Config& config_;
  const Loops& loops_;
  OpenListeners result_;
};

}  // namespace

sdk::Result<OpenListeners> open_listeners(const Config& config, const Loops& loops) {
  const auto inherited = take_inherited_sockets();
  if (!inherited) return inherited.error();
  Opener opener(config, loops);
  for (const InheritedSocket& socket : *inherited) {
    if (const auto taken = opener.take(socket); !taken) return taken.error();
  }
  if (!inherited->empty()) {
    log_info("the sockets of the service manager are used; host, port and unix_socket are not");
    return opener.result();
  }
  if (!config.unix_socket_only) {
    if (const auto opened = opener.open_port(); !opened) return opened.error();
  }
  if (!config.unix_socket.empty()) {
    if (const auto opened = opener.open_unix_socket(); !opened) return opened.error();
  }
  return opener.result();
}

}  // namespace peer
