#pragma once

#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kit.h"

namespace peer_redis {

/// An address as connect() takes it, of any family.
struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  friend bool operator==(const Address& a, const Address& b) {
    return a.size == b.size && std::memcmp(&a.bytes, &b.bytes, a.size) == 0;
  }
};

/// Of a Unix socket; the path has been checked to fit.
Address unix_address(const std::string& path);

/// Finds addresses of a host without holding up the loop: names are looked up on a thread of their
/// own, which may outlive the loop. Loop thread only.
class Resolver {
 public:
  using Found = std::function<void(std::vector<Address>)>;

  explicit Resolver(EventLoop& loop) : loop_(loop) {}

  /// Calls `found` on the loop, at once for a numeric host; with nothing when there is none, or no
  /// thread to look it up. An earlier question gets no answer. While a look-up is still under way
  /// no other is begun: it answers a question for the same host, and another one comes after it.
  void resolve(const std::string& host, const std::string& port, Found found);

 private:
  using Name = std::pair<std::string, std::string>;  ///< host and port

  /// Starts a thread for the look-up of `wanted_`.
  void begin();
  /// On the loop: the look-up of `name` has ended.
  void answer(const Name& name, std::vector<Address> addresses);

  EventLoop& loop_;
  /// One thread at a time, so a name server that hangs costs one.
  bool looking_up_ = false;
  Name wanted_;
  Found found_;
};

}  // namespace peer_redis
