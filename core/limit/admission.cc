#include "core/limit/admission.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/log.h"

// Which connections are taken, by their addresses. In: each new connection with its client, then
// its registration and its end, on the thread of its loop. Out: kNone, and it is counted, or the
// limit that it exceeds. The counts must balance: for each enter() that said kNone there is one
// leave(), with the same address. Shards have a lock each, so that loops seldom wait for each
// other, and nothing is logged with a lock held.
namespace peer {
namespace {

constexpr std::int64_t kSecond = 1'000'000;  // microseconds

std::int64_t microseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

std::string descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return std::to_string(limit.rlim_cur);
}

// Which limit it is, its key, and what to do. A proxy in front is the usual cause of a limit by
// address.
std::string why(Refusal reason, const AdmissionLimits& limits, bool is_proxy) {
  const std::string advice =
      is_proxy ? "; it is a trusted proxy that tells no client's address, see trusted_proxy_header"
               : "; if it is a proxy, name it in trusted_proxies";
  switch (reason) {
    case Refusal::kMaxConnectionsPerIp:
      return std::to_string(limits.max_connections_per_ip) +
             " connections from this address, max_connections_per_ip" + advice;
    case Refusal::kConnectionRatePerIp:
      return "more than " + std::to_string(limits.connection_rate_per_ip) +
             " new connections a second from this address, connection_rate_per_ip" + advice;
    case Refusal::kMaxUnregisteredPerIp:
      return std::to_string(limits.max_unregistered_per_ip) +
             " connections from this address have not registered, max_unregistered_per_ip" + advice;
    case Refusal::kMaxUnregistered:
      return std::to_string(limits.max_unregistered) +
             " connections of all addresses have not registered, max_unregistered";
    default:
      return "all " + descriptor_limit() +
             " file descriptors are in use; raise the limit (LimitNOFILE, ulimit -n) or lower "
             "max_peers";
  }
}

}  // namespace

ClientAddress Admission::client_of(const Address& sender, const HttpRequest& request,
                                   const std::optional<Address>& proxy_protocol) const {
  const ProxyTrust& trust = limits_.get().proxies;
  if (!trust.is_proxy(sender)) return {sender, false};
  const ProxyClient found = client_of_proxy(trust, sender, proxy_protocol, request);
  if (!found.problem.empty()) log_counted_warning(found.problem);
  return found.client;
}

Refusal Admission::enter(const ClientAddress& client, Time now) {
  // Counted before it is judged: so two loops cannot both give away the last place.
  const std::uint32_t before = unregistered_.fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t most = limits_.get().max_unregistered;
  const Refusal refusal =
      most != 0 && before >= most ? Refusal::kMaxUnregistered : enter_subscriber(client, now);
  if (refusal != Refusal::kNone) unregistered_.fetch_sub(1, std::memory_order_relaxed);
  return refusal;
}

void Admission::note_refused(Refusal reason, const Address& address, Time now) {
  refusals_.note(reason, address, why(reason, limits_.get(), is_proxy(address)), now);
}

std::uint64_t Admission::refused() const {
  return refusals_.count(Refusal::kMaxConnectionsPerIp) +
         refusals_.count(Refusal::kConnectionRatePerIp) +
         refusals_.count(Refusal::kMaxUnregisteredPerIp) +
         refusals_.count(Refusal::kMaxUnregistered);
}

bool Admission::is_banned(const ClientAddress& client, sdk::Instant now) const {
  return bans_.covers(client.address, now.time_since_epoch().count()) && !client.is_local() &&
         !is_proxy(client.address);
}

// A client that is exempt is counted all the same: a reload may end that.
Refusal Admission::enter_subscriber(const ClientAddress& client, Time now) {
  const bool exempt = limits_.get().exempt_loopback && client.is_local();
  const Address subscriber = client.address.subscriber();
  Shard& shard = shard_of(subscriber);
  const MutexLock lock(shard.mutex);
  if (shard.usages.size() >= shard.sweep_at) sweep(shard, now);
  Usage& usage = shard.usages[subscriber];
  const Refusal refusal = exempt ? Refusal::kNone : take_share(usage, now);
  if (refusal != Refusal::kNone) return refusal;
  ++usage.connections;
  ++usage.unregistered;
  return Refusal::kNone;
}

/// Takes a new connection's share of the rate, unless a limit is reached.
Refusal Admission::take_share(Usage& usage, Time now) const {
  const AdmissionLimits& limits = limits_.get();
  const auto reached = [](std::uint32_t count, std::uint32_t limit) {
    return limit != 0 && count >= limit;
  };
  if (reached(usage.connections, limits.max_connections_per_ip)) {
    return Refusal::kMaxConnectionsPerIp;
  }
  if (reached(usage.unregistered, limits.max_unregistered_per_ip)) {
    return Refusal::kMaxUnregisteredPerIp;
  }
  const Microseconds moment = microseconds(now);
  Microseconds next = std::max(usage.next, moment);
  if (limits.connection_rate_per_ip != 0) {
    // Generic cell rate algorithm: a token bucket that is one number.
    const Microseconds interval = kSecond / limits.connection_rate_per_ip;
    next += interval;
    if (next - moment > interval * limits.connection_burst_per_ip) {
      return Refusal::kConnectionRatePerIp;
    }
  }
  // Only a connection that is taken uses up rate: refused ones do not push the next one back.
  usage.next = next;
  return Refusal::kNone;
}

void Admission::register_one(const Address& address) {
  unregistered_.fetch_sub(1, std::memory_order_relaxed);
  const Address subscriber = address.subscriber();
  Shard& shard = shard_of(subscriber);
  const MutexLock lock(shard.mutex);
  --shard.usages[subscriber].unregistered;
}

// The entry stays until a sweep: its rate is still known when the address comes back.
void Admission::leave(const Address& address, bool registered) {
  // A connection that never registered leaves the counts of those by the same way.
  if (!registered) register_one(address);
  const Address subscriber = address.subscriber();
  Shard& shard = shard_of(subscriber);
  const MutexLock lock(shard.mutex);
  --shard.usages[subscriber].connections;
}

// Forgets subscribers that have no connection and would start with a full burst anyway. Runs when
// the entries have doubled, so a new entry pays for a constant share of it.
void Admission::sweep(Shard& shard, Time now) {
  const Microseconds moment = microseconds(now);
  std::erase_if(shard.usages, [&](const auto& entry) {
    return entry.second.connections == 0 && entry.second.next <= moment;
  });
  shard.sweep_at = std::max<std::size_t>(1024, 2 * shard.usages.size());
}

// A connection asks for it six times; std::hash takes seven times as long.
std::size_t Admission::Hash::operator()(const Address& address) const {
  std::array<std::uint64_t, 2> halves;
  static_assert(sizeof halves == sizeof address.bytes);
  std::memcpy(halves.data(), address.bytes.data(), sizeof halves);
  // 2^64 divided by the golden ratio, and an odd number of a like kind: each bit reaches the
  // highest ones.
  std::uint64_t mixed = (halves[0] * 0x9E3779B97F4A7C15U) ^ halves[1];
  mixed = (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93U;
  return mixed ^ (mixed >> 32);
}

Admission::Shard& Admission::shard_of(const Address& subscriber) {
  return shards_[Hash()(subscriber) % shards_.size()];
}

}  // namespace peer
