#pragma once

#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "event_loop.h"

namespace peer_redis {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  friend bool operator==(const Address& a, const Address& b) {
    return a.size == b.size && std::memcmp(&a.bytes, &b.bytes, a.size) == 0;
  }
};

/// Finds addresses of a host without holding up the loop: names are looked up on a thread of their
/// own, which may outlive the loop. Loop thread only.
class Resolver {
 public:
  using Found = std::function<void(std::vector<Address>)>;

  explicit Resolver(EventLoop& loop) : loop_(loop) {}

  /// Calls `found` on the loop, at once for a numeric host; with nothing when there is none, or no
  /// thread to look it up. While an earlier look-up is still under way no other is begun: it
  /// answers then.
  void resolve(const std::string& host, const std::string& port, Found found);

 private:
  void answer(std::vector<Address> addresses);

  EventLoop& loop_;
  bool looking_up_ = false;
  Found found_;
};

}  // namespace peer_redis
