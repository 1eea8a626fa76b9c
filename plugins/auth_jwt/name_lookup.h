#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

namespace peer_jwt {

/// An address as connect() takes it, of any family. Whether it may be connected to is for the
/// caller to judge.
struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr& get() const { return reinterpret_cast<const sockaddr&>(bytes); }
};

/// Looks up the addresses of one host. That blocks for as long as the name servers like, and cannot
/// be ended: so it is done on a thread of its own, of which there is one at a time, and which may
/// outlive this.
class NameLookup {
 public:
  using Clock = std::chrono::steady_clock;
  using Addresses = peer::sdk::Result<std::vector<Address>>;

  NameLookup(std::string host, std::uint16_t port);

  /// Blocks until the addresses are known, and no longer than `deadline`. One thread. While an
  /// earlier look-up is still under way no other is begun: its answer is taken.
  [[nodiscard]] Addresses find(Clock::time_point deadline);
  /// Makes find(), now and later, end at once with an error. Any thread.
  void cancel();

 private:
  /// Shared with the thread that looks up.
  struct State;
  static void run(State& state);

  std::shared_ptr<State> state_;
};

}  // namespace peer_jwt
