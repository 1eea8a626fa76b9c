#include "core/hub/peer_directory.h"

#include <algorithm>
#include <bit>

#include "core/base/first_few.h"
#include "core/hub/namespace.h"

// Where each peer is. In: registrations, memberships and aliases, from the loops that own the
// peers. Out: a peer's loop and slot, for any loop that has a message for it. A shard's lock is
// held for one look-up or change, and nothing is called meanwhile.
namespace peer {

namespace {

constexpr int kShardBits = 16;

std::uint32_t first_bits_of(const Fingerprint& peer) {
  return peer.bytes[0] * 256U + peer.bytes[1];
}

// The lowest `bits` bits, in reverse.
std::uint32_t reversed(std::uint32_t value, int bits) {
  std::uint32_t out = 0;
  for (int i = 0; i < bits; ++i) out |= ((value >> i) & 1U) << (bits - 1 - i);
  return out;
}

}  // namespace

// A shard is chosen by the lowest of the first 16 bits: in reverse they are the highest.
bool comes_before(const Fingerprint& a, const Fingerprint& b) {
  const std::uint32_t left = reversed(first_bits_of(a), kShardBits);
  const std::uint32_t right = reversed(first_bits_of(b), kShardBits);
  return left != right ? left < right : a.bytes < b.bytes;
}

const PeerDirectory::Rare* PeerDirectory::find_rare(const Shard& shard, const Fingerprint& peer) {
  if (shard.rare.empty()) return nullptr;
  const auto found = shard.rare.find(peer);
  return found == shard.rare.end() ? nullptr : &found->second;
}

bool PeerDirectory::is_in(const Shard& shard, const Peers::value_type& peer, const Namespace* ns) {
  if (contains(peer.second.namespaces, ns)) return true;
  const Rare* rare = find_rare(shard, peer.first);
  return rare != nullptr && contains(rare->muted, ns);
}

Inheritance PeerDirectory::inheritance_of(const Shard& shard, const Fingerprint& peer, bool seat) {
  const Rare* rare = find_rare(shard, peer);
  return rare != nullptr ? Inheritance{seat, rare->since, rare->replacements} : Inheritance{seat};
}

PeerDirectory::PeerDirectory(std::uint32_t shard_count, std::uint32_t max_peers)
    : mask_(shard_count - 1),
      max_peers_(max_peers),
      shards_(std::make_unique<Shard[]>(shard_count)),
      alias_shards_(std::make_unique<AliasShard[]>(shard_count)) {}

PeerDirectory::Shard& PeerDirectory::shard_of(const Fingerprint& peer) const {
  // A fingerprint is a SHA-256, so its first bits spread peers evenly over the shards.
  return shards_[first_bits_of(peer) & mask_];
}

PeerDirectory::AliasShard& PeerDirectory::alias_shard_of(const WantedAlias& alias) const {
  return alias_shards_[alias.hash & mask_];
}

PeerDirectory::AdmissionResult PeerDirectory::admit(const Fingerprint& peer, SessionRef where,
                                                    const Inheritance& inheritance) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  if (const auto found = shard.peers.find(peer); found != shard.peers.end()) {
    // The seat stays with this entry until remove() takes it out.
    return {Admission::kPresent, found->second.where, inheritance_of(shard, peer, false)};
  }
  // The count is raised before it is compared, so two loops cannot both take the last seat. It is
  // too high for a moment when there is none. No other data depends on it: relaxed order is enough.
  if (!inheritance.seat && count_.fetch_add(1, std::memory_order_relaxed) >= max_peers_) {
    release_seat();
    return {Admission::kFull, {}, {}};
  }
  shard.peers.emplace(peer, Entry{where, {}});
  if (inheritance.replacements > 0) {
    shard.rare[peer] = Rare{inheritance.replacements, inheritance.since, NamespaceSet()};
  }
  return {};
}

Inheritance PeerDirectory::replacements_of(const Fingerprint& peer) const {
  const Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  return inheritance_of(shard, peer, false);
}

std::optional<Inheritance> PeerDirectory::remove(const Fingerprint& peer, SessionRef where,
                                                 bool keep_seat) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  // A newer registration may have entered meanwhile: its entry is not this caller's to remove.
  if (found == shard.peers.end() || !(found->second.where == where)) return std::nullopt;
  const Inheritance inheritance = inheritance_of(shard, peer, keep_seat);
  shard.peers.erase(found);
  if (!shard.rare.empty()) shard.rare.erase(peer);
  if (!keep_seat) release_seat();
  return inheritance;
}

bool PeerDirectory::count_replacement(const Fingerprint& peer, Time now) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  if (!shard.peers.contains(peer)) return true;
  Inheritance counted = inheritance_of(shard, peer, false);
  if (counted.too_many(now)) return false;
  counted.count(now);
  Rare& rare = shard.rare[peer];
  rare.since = counted.since;
  rare.replacements = counted.replacements;
  return true;
}

// The answer may be out of date at once. That does no harm: a SessionRef has a generation, and its
// loop finds no session when the peer has gone.
std::optional<SessionRef> PeerDirectory::find(const Fingerprint& peer) const {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end()) return std::nullopt;
  return found->second.where;
}

std::vector<PeerPlace> PeerDirectory::page(const std::optional<Fingerprint>& after,
                                           std::size_t limit) const {
  const int bits = std::popcount(mask_);
  std::vector<PeerPlace> page;
  std::uint32_t turn =
      after ? reversed(first_bits_of(*after), kShardBits) >> (kShardBits - bits) : 0;
  for (; turn <= mask_ && page.size() < limit; ++turn) {
    const auto less = [](const PeerPlace& a, const PeerPlace& b) {
      return comes_before(a.peer, b.peer);
    };
    FirstFew<PeerPlace, decltype(less)> found(limit - page.size(), less);
    {
      const Shard& shard = shards_[reversed(turn, bits)];
      const MutexLock lock(shard.mutex);
      for (const auto& [peer, entry] : shard.peers) {
        if (!after || comes_before(*after, peer)) found.offer({peer, entry.where});
      }
    }
    for (const PeerPlace& place : found.take()) page.push_back(place);
  }
  return page;
}

PeerDirectory::Route PeerDirectory::route(const Fingerprint& peer, const NamespaceSet& sender,
                                          SessionRef& where) const {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end()) return Route::kNotFound;
  where = found->second.where;
  // The target's namespaces change on its own loop, hence the comparison under its lock. Those of
  // the sender are the caller's own.
  return intersects(found->second.namespaces, sender) ? Route::kFound : Route::kForbidden;
}

std::vector<std::string> PeerDirectory::namespaces_of(const Fingerprint& peer) const {
  std::vector<std::string> names;
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end()) return names;
  // NamespaceDirectory::leave() must take a namespace out of this entry, under this lock, before it
  // can destroy it: so the pointers may be followed here.
  for (const Namespace* ns : found->second.namespaces) names.push_back(ns->name);
  if (const Rare* rare = find_rare(shard, peer)) {
    for (const Namespace* ns : rare->muted) names.push_back(ns->name);
  }
  return names;
}

bool PeerDirectory::is_member(const Fingerprint& peer, const Namespace* ns) const {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  return found != shard.peers.end() && is_in(shard, *found, ns);
}

void PeerDirectory::enter_namespace(const Fingerprint& peer, const Namespace* ns) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found != shard.peers.end()) found->second.namespaces.insert(ns);
}

void PeerDirectory::leave_namespace(const Fingerprint& peer, const Namespace* ns) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end()) return;
  found->second.namespaces.erase(ns);
  if (find_rare(shard, peer) != nullptr) shard.rare[peer].muted.erase(ns);
}

void PeerDirectory::mute_namespace(const Fingerprint& peer, const Namespace* ns, bool muted) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end() || !is_in(shard, *found, ns)) return;
  Entry& entry = found->second;
  NamespaceSet& silent = shard.rare[peer].muted;
  (muted ? entry.namespaces : silent).erase(ns);
  (muted ? silent : entry.namespaces).insert(ns);
}

bool PeerDirectory::claim_alias(std::string_view alias, const Fingerprint& peer) {
  AliasShard& shard = alias_shard_of(WantedAlias(alias));
  const MutexLock lock(shard.mutex);
  return shard.holders.insert(Holder{peer, KeptAlias(alias, peer)}).second;
}

void PeerDirectory::free_alias(std::string_view alias) {
  const WantedAlias wanted(alias);
  AliasShard& shard = alias_shard_of(wanted);
  const MutexLock lock(shard.mutex);
  const auto found = shard.holders.find(wanted);
  if (found != shard.holders.end()) shard.holders.erase(found);
}

std::optional<Fingerprint> PeerDirectory::resolve_alias(std::string_view alias) const {
  const WantedAlias wanted(alias);
  AliasShard& shard = alias_shard_of(wanted);
  const MutexLock lock(shard.mutex);
  const auto found = shard.holders.find(wanted);
  if (found == shard.holders.end()) return std::nullopt;
  return found->peer;
}

std::optional<Fingerprint> PeerDirectory::resolve(std::string_view name) const {
  if (const auto fingerprint = parse_fingerprint(name)) return fingerprint;
  return resolve_alias(name);
}

}  // namespace peer
