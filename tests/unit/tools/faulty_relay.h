#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace peer::bench {

/// What a FaultyRelay does wrong, once, to its tenth delivery.
enum class Misdeed {
  kNone,
  kDrop,
  kDouble,
  kAlter,        ///< one byte of the payload
  kWrongSender,  ///< another peer's fingerprint in `from`
  kMisroute,     ///< to another peer
  kReorder,      ///< behind the next one for the same receiver
  kError,        ///< an error instead
  kDisconnect,   ///< the receiver
};

/// A server that speaks as much of the protocol as peer-bench does: register, join, signal,
/// broadcast, ping, match. It lives on a thread of its own, on a port that the system chooses.
/// Signals, broadcasts, pongs and `matched` are deliveries.
class FaultyRelay {
 public:
  explicit FaultyRelay(Misdeed misdeed);
  ~FaultyRelay();
  FaultyRelay(const FaultyRelay&) = delete;
  FaultyRelay& operator=(const FaultyRelay&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  class Link;
  /// One delivery: everything of it that a misdeed may change.
  struct Delivery {
    std::string type;
    std::string from;
    std::string to;
    std::string payload;
  };

  void serve();
  void accept_one();
  void handle(Link& link, std::string_view text);
  void on_register(Link& link);
  void on_join(Link& link, std::string_view payload);
  void on_signal(Link& link, std::string_view to, std::string_view payload);
  void on_broadcast(Link& link, std::string_view payload);
  void on_match(Link& link, std::string_view payload);
  void deliver(Link& receiver, Delivery delivery);
  void commit_misdeed(Link& receiver, Delivery delivery);
  Link& someone_else(const Link& link);

  Misdeed misdeed_;
  int listener_;
  int stop_;
  std::uint16_t port_ = 0;
  std::uint64_t deliveries_ = 0;
  std::uint64_t matches_ = 0;
  Link* held_for_ = nullptr;  // of kReorder
  Delivery held_;
  std::vector<std::unique_ptr<Link>> links_;
  std::map<std::string, std::vector<Link*>, std::less<>> namespaces_;
  std::map<std::string, Link*, std::less<>> waiting_;
  std::thread thread_;
};

}  // namespace peer::bench
