#include "core/limit/bans.h"

#include <algorithm>

// Who may not come in. In: what an operator has decided, on this node or another, in any order.
// Out: whether a peer or an address is kept out. Of a range only the lengths of prefixes that are
// in use are tried, 129 at most, so that the cost does not grow with the number of bans.
namespace peer {
namespace {

constexpr unsigned kV4Prefix = 96;  // of the IPv4 addresses in the IPv6 form

Address first_of(const Address& address, unsigned prefix) {
  Address first = address;
  for (unsigned byte = 0; byte < first.bytes.size(); ++byte) {
    const unsigned bits = prefix > byte * 8 ? std::min(prefix - byte * 8, 8U) : 0;
    first.bytes[byte] &= static_cast<std::uint8_t>(0xFF00U >> bits);
  }
  return first;
}

}  // namespace

std::optional<BanTarget> parse_ban_target(std::string_view text) {
  if (const auto peer = parse_fingerprint(text)) return *peer;
  if (const auto range = parse_address_range(text)) return *range;
  return std::nullopt;
}

std::string to_text(const BanTarget& target) {
  if (const auto* peer = std::get_if<Fingerprint>(&target)) return to_hex(*peer);
  const AddressRange& range = std::get<AddressRange>(target);
  const std::string first = range.first.text();
  if (range.prefix == 128) return first;
  const bool is_v4 = range.first.is_v4() && range.prefix >= kV4Prefix;
  return first + "/" + std::to_string(is_v4 ? range.prefix - kV4Prefix : range.prefix);
}

Bans::Change Bans::put(const Ban& ban, std::int64_t now) {
  const MutexLock lock(mutex_);
  const auto known = by_target_.find(ban.target);
  if (known != by_target_.end() && known->second.changed_at >= ban.changed_at) {
    return Change::kKnown;
  }
  if (known == by_target_.end()) {
    if (!ban.lasts(now) && ban.ends_at != 0) return Change::kKnown;
    if (by_target_.size() >= most_) sweep(now);
    if (by_target_.size() >= most_) return Change::kFull;
  }
  by_target_.insert_or_assign(ban.target, ban);
  index(ban, ban.lasts(now));
  count_ = by_target_.size();
  return Change::kTaken;
}

void Bans::index(const Ban& ban, bool lasts) {
  const BanTarget target = *parse_ban_target(ban.target);
  if (const auto* peer = std::get_if<Fingerprint>(&target)) {
    if (lasts) {
      peers_[*peer] = ban.ends_at;
    } else {
      peers_.erase(*peer);
    }
    return;
  }
  const AddressRange& range = std::get<AddressRange>(target);
  auto& same_length = ranges_[range.prefix];
  if (lasts) {
    same_length[range.first] = ban.ends_at;
  } else {
    same_length.erase(range.first);
  }
  if (same_length.empty()) ranges_.erase(range.prefix);
}

void Bans::sweep(std::int64_t now) {
  for (auto it = by_target_.begin(); it != by_target_.end();) {
    const Ban& ban = it->second;
    if (ban.lasts(now) || (ban.ends_at == 0 && ban.changed_at + kLiftedFor > now)) {
      ++it;
      continue;
    }
    index(ban, false);
    it = by_target_.erase(it);
  }
  count_ = by_target_.size();
}

std::optional<Ban> Bans::find(const std::string& target, std::int64_t now) const {
  const MutexLock lock(mutex_);
  const auto found = by_target_.find(target);
  if (found == by_target_.end() || !found->second.lasts(now)) return std::nullopt;
  return found->second;
}

std::int64_t Bans::changed_at(const std::string& target) const {
  const MutexLock lock(mutex_);
  const auto found = by_target_.find(target);
  return found == by_target_.end() ? 0 : found->second.changed_at;
}

std::vector<Ban> Bans::list(std::string_view after, std::size_t limit, std::int64_t now) const {
  std::vector<Ban> listed;
  const MutexLock lock(mutex_);
  for (auto it = by_target_.upper_bound(after); it != by_target_.end() && listed.size() < limit;
       ++it) {
    if (it->second.lasts(now)) listed.push_back(it->second);
  }
  return listed;
}

std::vector<Ban> Bans::all(std::int64_t now) const {
  std::vector<Ban> bans;
  const MutexLock lock(mutex_);
  for (const auto& [target, ban] : by_target_) {
    const bool was_lifted_lately = ban.ends_at == 0 && ban.changed_at + kLiftedFor > now;
    if (ban.lasts(now) || was_lifted_lately) bans.push_back(ban);
  }
  return bans;
}

bool Bans::covers(const Fingerprint& peer, std::int64_t now) const {
  if (count_.load(std::memory_order_relaxed) == 0) return false;
  const MutexLock lock(mutex_);
  const auto found = peers_.find(peer);
  return found != peers_.end() && found->second > now;
}

bool Bans::covers(const Address& address, std::int64_t now) const {
  if (count_.load(std::memory_order_relaxed) == 0) return false;
  const MutexLock lock(mutex_);
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& same_length) {
    const auto found = same_length.second.find(first_of(address, same_length.first));
    return found != same_length.second.end() && found->second > now;
  });
}

std::size_t Bans::Hash::operator()(const Address& address) const {
  const std::string_view bytes(reinterpret_cast<const char*>(address.bytes.data()),
                               address.bytes.size());
  return std::hash<std::string_view>()(bytes);
}

}  // namespace peer
