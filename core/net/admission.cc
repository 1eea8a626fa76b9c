#include "core/net/admission.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/net/http_request.h"

namespace peer {
namespace {

constexpr std::int64_t kSecond = 1'000'000;  // microseconds

std::int64_t microseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

/// One hop of X-Forwarded-For: an address, perhaps with a port ("192.0.2.1:80",
/// "[2001:db8::1]:80").
std::optional<Address> parse_hop(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  if (text.front() == '[') {
    return parse_address(text.substr(1, std::max<std::size_t>(text.find(']'), 1) - 1));
  }
  const std::size_t colon = text.find(':');
  const bool has_port = colon != std::string_view::npos && colon == text.rfind(':');
  return parse_address(has_port ? text.substr(0, colon) : text);
}

}  // namespace

bool Admission::is_proxy(const Address& address) const {
  const auto& proxies = limits_.get().trusted_proxies;
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const AddressRange& range) { return range.contains(address); });
}

Address Admission::client_of(const Address& sender, const HttpRequest& request) const {
  if (!is_proxy(sender)) return sender;
  const std::vector<std::string> forwarded = request.all("X-Forwarded-For");
  if (forwarded.empty()) {
    const std::string* real = request.find("X-Real-IP");
    return real == nullptr ? sender : parse_hop(*real).value_or(sender);
  }
  Address client = sender;
  for (auto header = forwarded.rbegin(); header != forwarded.rend(); ++header) {
    for (std::string_view hops = *header; is_proxy(client);) {
      const std::size_t comma = hops.rfind(',');
      const std::size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
      const std::optional<Address> hop = parse_hop(hops.substr(begin));
      if (!hop) return client;  // what lies behind it cannot be trusted
      client = *hop;
      if (comma == std::string_view::npos) break;
      hops = hops.substr(0, comma);
    }
  }
  return client;
}

bool Admission::enter(const Address& address, Time now) {
  const std::uint32_t before = unregistered_.fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t most = limits_.get().max_unregistered;
  if ((most == 0 || before < most) && enter_subscriber(address, now)) return true;
  unregistered_.fetch_sub(1, std::memory_order_relaxed);
  refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

// Who is exempt is counted all the same: a reload may end that.
bool Admission::enter_subscriber(const Address& address, Time now) {
  const bool exempt = limits_.get().exempt_loopback && address.is_loopback();
  const Address subscriber = address.subscriber();
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
