#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/base/address.h"
#include "core/base/mutex.h"
#include "core/base/time.h"
#include "core/base/versioned.h"
#include "core/limit/bans.h"
#include "core/limit/health_reserve.h"
#include "core/limit/refusals.h"
#include "core/net/http/client_address.h"

namespace peer {

struct HttpRequest;

/// Limits by address, named as their configuration keys; 0 is no limit. A limit for one address
/// holds for a subscriber: an IPv4 address, the /64 of an IPv6 address.
struct AdmissionLimits {
  std::uint32_t max_connections_per_ip = 2000;
  std::uint32_t connection_rate_per_ip = 100;    ///< new connections a second
  std::uint32_t connection_burst_per_ip = 1000;  ///< new connections at once after a pause
  std::uint32_t max_unregistered = 10'000;       ///< connections of all addresses
  std::uint32_t max_unregistered_per_ip = 1000;
  bool exempt_loopback = true;  ///< from what concerns one address, not from max_unregistered
  ProxyTrust proxies;           ///< trusted_proxies, trusted_proxy_header
};

/// Decides which connections a server takes, by their addresses. Thread-safe; shared by the loops.
class Admission {
 public:
  explicit Admission(AdmissionLimits limits) : limits_(std::move(limits)) {}

  /// From now on, also for connections that have entered: none of them is closed, but they count
  /// against the new limits. One thread at a time.
  void use_limits(AdmissionLimits limits) { limits_.replace(std::move(limits)); }

  /// A proxy's connections are other people's: they are judged by the address that it tells.
  [[nodiscard]] bool is_proxy(const Address& address) const {
    return limits_.get().proxies.is_proxy(address);
  }
  /// The client behind a request that came from `sender`: what a trusted proxy tells
  /// (client_of_proxy(), whose problem is logged), and otherwise `sender` itself. `proxy_protocol`:
  /// the address that PROXY protocol has told on this connection.
  [[nodiscard]] ClientAddress client_of(
      const Address& sender, const HttpRequest& request,
      const std::optional<Address>& proxy_protocol = std::nullopt) const;

  /// Counts a new connection, which has not registered yet. Not kNone, and nothing is counted, when
  /// it exceeds a limit: then there is no leave(). A refused connection uses up no rate, so
  /// an address that tries on is let in as soon as one that has waited.
  [[nodiscard]] Refusal enter(const ClientAddress& client, Time now);
  /// The connection, which has entered, is a registered peer's from now on.
  void register_one(const Address& address);
  /// A connection that has entered is gone; `address` is what it entered with, and `registered`
  /// whether register_one() was called. Exactly once for each that has entered.
  void leave(const Address& address, bool registered);

  /// Tells of a connection that is turned away because it exceeds a limit, or for want of
  /// descriptors.
  void note_refused(Refusal reason, const Address& address, Time now);
  /// Whom an operator keeps out. Asked by is_banned() for addresses, by core/session for peers.
  [[nodiscard]] Bans& bans() { return bans_; }
  /// Whether a ban covers the address. Those of this machine and of proxies never are: behind them
  /// are others, and the operator.
  [[nodiscard]] bool is_banned(const ClientAddress& client, sdk::Instant now) const;
  /// Where everything is told that turns a connection away.
  [[nodiscard]] Refusals& refusals() { return refusals_; }
  /// Where health checks come in when the limits are reached.
  [[nodiscard]] HealthReserve& reserve() { return reserve_; }

  /// Connections turned away so far because of limits.
  [[nodiscard]] std::uint64_t refused() const;
  /// Connections now that have not registered, of all addresses.
  [[nodiscard]] std::uint32_t unregistered() const {
    return unregistered_.load(std::memory_order_relaxed);
  }

 private:
  using Microseconds = std::int64_t;  // on the steady clock, as Time is
  struct Usage {
    std::uint32_t connections = 0;
    std::uint32_t unregistered = 0;
    Microseconds next = 0;  // when the connections so far would have come at the allowed rate
  };
  struct Hash {
    std::size_t operator()(const Address& address) const;
  };
  struct Shard {
    Mutex mutex;
    std::unordered_map<Address, Usage, Hash> usages PEER_GUARDED_BY(mutex);
    std::size_t sweep_at PEER_GUARDED_BY(mutex) = 1024;
  };

  [[nodiscard]] Refusal enter_subscriber(const ClientAddress& client, Time now);
  [[nodiscard]] Refusal take_share(Usage& usage, Time now) const;
  Shard& shard_of(const Address& subscriber);
  static void sweep(Shard& shard, Time now) PEER_REQUIRES(shard.mutex);

  Versioned<AdmissionLimits> limits_;
  std::array<Shard, 16> shards_;
  std::atomic<std::uint32_t> unregistered_{0};
  Bans bans_;
  Refusals refusals_;
  HealthReserve reserve_;
};

}  // namespace peer
