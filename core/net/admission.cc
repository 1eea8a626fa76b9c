#include "core/net/admission.h"

#include <algorithm>
#include <string_view>

#include "core/base/log.h"

namespace peer {
namespace {

constexpr std::int64_t kSecond = 1'000'000;  // microseconds

std::int64_t microseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

}  // namespace

ClientAddress Admission::client_of(const Address& sender, const HttpRequest& request,
                                   const std::optional<Address>& proxy_protocol) const {
  const ProxyTrust& trust = limits_.get().proxies;
  if (!trust.is_proxy(sender)) return {sender, false};
  const ProxyClient found = client_of_proxy(trust, sender, proxy_protocol, request);
  if (!found.problem.empty()) log_warning(found.problem);
  return found.client;
}

bool Admission::enter(const ClientAddress& client, Time now) {
  const std::uint32_t before = unregistered_.fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t most = limits_.get().max_unregistered;
  if ((most == 0 || before < most) && enter_subscriber(client, now)) return true;
  unregistered_.fetch_sub(1, std::memory_order_relaxed);
  refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

// Who is exempt is counted all the same: a reload may end that.
bool Admission::enter_subscriber(const ClientAddress& client, Time now) {
  const bool exempt = limits_.get().exempt_loopback && client.is_local();
  const Address subscriber = client.address.subscriber();
  Shard& shard = shard_of(subscriber);
  const MutexLock lock(shard.mutex);
  if (shard.usages.size() >= shard.sweep_at) sweep(shard, now);
  Usage& usage = shard.usages[subscriber];
  if (!exempt && !has_room(usage, now)) return false;
  ++usage.connections;
  ++usage.unregistered;
  return true;
}

/// Takes a new connection's share of the rate if there is room.
bool Admission::has_room(Usage& usage, Time now) const {
  const AdmissionLimits& limits = limits_.get();
  const auto reached = [](std::uint32_t count, std::uint32_t limit) {
    return limit != 0 && count >= limit;
  };
  if (reached(usage.connections, limits.max_connections_per_ip) ||
      reached(usage.unregistered, limits.max_unregistered_per_ip)) {
    return false;
  }
  const Microseconds moment = microseconds(now);
  Microseconds next = std::max(usage.next, moment);
  if (limits.connection_rate_per_ip != 0) {
    // Generic cell rate algorithm: a token bucket that is one number.
    const Microseconds interval = kSecond / limits.connection_rate_per_ip;
    next += interval;
    if (next - moment > interval * limits.connection_burst_per_ip) return false;
  }
  usage.next = next;
  return true;
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
  if (!registered) register_one(address);
  const Address subscriber = address.subscriber();
  Shard& shard = shard_of(subscriber);
  const MutexLock lock(shard.mutex);
  --shard.usages[subscriber].connections;
}

// Forgets who has no connection and would start with a full burst anyway. Runs when the entries
// have doubled, so a new entry pays for a constant share of it.
void Admission::sweep(Shard& shard, Time now) {
  const Microseconds moment = microseconds(now);
  std::erase_if(shard.usages, [&](const auto& entry) {
    return entry.second.connections == 0 && entry.second.next <= moment;
  });
  shard.sweep_at = std::max<std::size_t>(1024, 2 * shard.usages.size());
}

std::size_t Admission::Hash::operator()(const Address& address) const {
  const std::string_view bytes(reinterpret_cast<const char*>(address.bytes.data()),
                               address.bytes.size());
  return std::hash<std::string_view>()(bytes);
}

Admission::Shard& Admission::shard_of(const Address& subscriber) {
  return shards_[Hash()(subscriber) % shards_.size()];
}

}  // namespace peer
