#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
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

/// Look-ups of names that are under way, each on a thread of its own, which may outlive the loop.
/// Who asks for the same name gets the same answer, so a name server that hangs costs one thread
/// for each name, however many ask. Loop thread only.
class Lookups {
 public:
  using Name = std::pair<std::string, std::string>;  ///< host and port
  using Found = std::function<void(std::vector<Address>)>;

  explicit Lookups(EventLoop& loop) : loop_(loop) {}
  /// Calls `found` later, on the loop; at once where there is no thread for it.
  void ask(const Name& name, Found found);
  [[nodiscard]] std::size_t under_way() const { return waiting_.size(); }

 private:
  void answer(const Name& name, const std::vector<Address>& addresses);

  EventLoop& loop_;
  std::map<Name, std::vector<Found>> waiting_;
};

/// Finds addresses of a host without holding up the loop. Loop thread only.
class Resolver {
 public:
  using Found = Lookups::Found;

  explicit Resolver(EventLoop& loop) : Resolver(std::make_shared<Lookups>(loop)) {}
  /// Names are looked up together with others that have `lookups`.
  explicit Resolver(std::shared_ptr<Lookups> lookups) : lookups_(std::move(lookups)) {}

  /// Calls `found` on the loop, at once for a numeric host; with nothing when there is none, or no
  /// thread to look it up. An earlier question gets no answer. While a look-up is still under way
  /// no other is begun: it answers a question for the same host, and another one comes after it.
  void resolve(const std::string& host, const std::string& port, Found found);

 private:
  using Name = Lookups::Name;

  void begin();
  /// On the loop: the look-up of `name` has ended.
  void answer(const Name& name, std::vector<Address> addresses);

  const std::shared_ptr<Lookups> lookups_;
  bool looking_up_ = false;
  Name wanted_;
  Found found_;
};

}  // namespace peer_redis
