#include <netdb.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <stdexcept>

#include "tools/peer-bench/client_loop.h"
#include "tools/peer-bench/options.h"

namespace peer::bench {
namespace {

std::vector<std::uint16_t> ports_of(const Options& options) {
  std::vector<std::uint16_t> ports{options.port};
  const char* at = options.more_ports.data();
  const char* end = at + options.more_ports.size();
  while (at != end) {
    std::uint16_t port = 0;
    const auto [rest, error] = std::from_chars(at, end, port);
    if (error != std::errc() || port == 0 || (rest != end && *rest != ',')) {
      throw std::runtime_error("--more-ports: expected ports with commas between them");
    }
    ports.push_back(port);
    at = rest == end ? end : rest + 1;
  }
  return ports;
}

}  // namespace

Target make_target(const Options& options) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(options.port);
  if (const int error = ::getaddrinfo(options.host.c_str(), service.c_str(), &hints, &found);
      error != 0) {
    throw std::runtime_error(options.host + ": " + ::gai_strerror(error));
  }
  Target target;
  std::memcpy(&target.address, found->ai_addr, sizeof target.address);
  ::freeaddrinfo(found);
  // The key of RFC 6455 1.3: a fresh one for each connection would only cost time here.
  target.upgrade_request = "GET " + options.path + " HTTP/1.1\r\nHost: " + options.host + ":" +
                           service +
                           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                           "Sec-WebSocket-Version: 13\r\n\r\n";
  target.ports = ports_of(options);
  target.tls = options.tls;
  return target;
}

}  // namespace peer::bench
