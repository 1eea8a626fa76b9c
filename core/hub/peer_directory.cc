#include "core/hub/peer_directory.h"

#include <algorithm>
#include <functional>

#include "core/hub/namespace_directory.h"

// Where each peer is. In: registrations, memberships and aliases, from the loops that own the
// peers. Out: a peer's loop and slot, for any loop that has a message for it. A shard's lock is
// held for one look-up or change, and nothing is called meanwhile.

namespace peer {

bool intersects(const NamespaceSet& a, const NamespaceSet& b) {
  auto left = a.begin();
  auto right = b.begin();
  const std::less<> less;
  while (left != a.end() && right != b.end()) {
    if (*left == *right) return true;
    if (less(*left, *right)) {
      ++left;
    } else {
      ++right;
    }
  }
  return false;
}

void insert(NamespaceSet& set, const Namespace* ns) {
  const auto at = std::lower_bound(set.begin(), set.end(), ns, std::less<>());
  if (at == set.end() || *at != ns) set.insert(at, ns);
}

void erase(NamespaceSet& set, const Namespace* ns) {
  const auto at = std::lower_bound(set.begin(), set.end(), ns, std::less<>());
  if (at != set.end() && *at == ns) set.erase(at);
}

PeerDirectory::PeerDirectory(std::uint32_t shard_count, std::uint32_t max_peers)
    : mask_(shard_count - 1),
      max_peers_(max_peers),
      shards_(std::make_unique<Shard[]>(shard_count)),
      alias_shards_(std::make_unique<AliasShard[]>(shard_count)) {}

PeerDirectory::Shard& PeerDirectory::shard_of(const Fingerprint& peer) const {
  const std::uint32_t first_bits = peer.bytes[0] * 256U + peer.bytes[1];
  return shards_[first_bits & mask_];
}

PeerDirectory::AliasShard& PeerDirectory::alias_shard_of(std::string_view alias) const {
  return alias_shards_[StringHash()(alias) & mask_];
}

PeerDirectory::AdmissionResult PeerDirectory::admit(const Fingerprint& peer, ConnectionRef where,
                                                    const Inheritance& inheritance) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  if (const auto found = shard.peers.find(peer); found != shard.peers.end()) {
    const Entry& entry = found->second;
    return {Admission::kPresent, entry.where, {false, entry.since, entry.replacements}};
  }
  if (!inheritance.seat && count_.fetch_add(1, std::memory_order_relaxed) >= max_peers_) {
    release_seat();
    return {Admission::kFull, {}, {}};
  }
  shard.peers.emplace(peer,
                      Entry{where, inheritance.replacements, inheritance.since, NamespaceSet()});
  return {};
}

std::optional<Inheritance> PeerDirectory::remove(const Fingerprint& peer, ConnectionRef where,
                                                 bool keep_seat) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end() || !(found->second.where == where)) return std::nullopt;
  const Inheritance inheritance{keep_seat, found->second.since, found->second.replacements};
  shard.peers.erase(found);
  if (!keep_seat) release_seat();
  return inheritance;
}

std::optional<ConnectionRef> PeerDirectory::find(const Fingerprint& peer) const {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end()) return std::nullopt;
  return found->second.where;
}

PeerDirectory::Route PeerDirectory::route(const Fingerprint& peer, const NamespaceSet& sender,
                                          ConnectionRef& where) const {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end()) return Route::kNotFound;
  where = found->second.where;
  return intersects(found->second.namespaces, sender) ? Route::kFound : Route::kForbidden;
}

std::vector<std::string> PeerDirectory::namespaces_of(const Fingerprint& peer) const {
  std::vector<std::string> names;
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found == shard.peers.end()) return names;
  for (const Namespace* ns : found->second.namespaces) names.push_back(ns->name);
  return names;
}

bool PeerDirectory::is_member(const Fingerprint& peer, const Namespace* ns) const {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  return found != shard.peers.end() &&
         std::binary_search(found->second.namespaces.begin(), found->second.namespaces.end(), ns,
                            std::less<>());
}

void PeerDirectory::enter_namespace(const Fingerprint& peer, const Namespace* ns) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found != shard.peers.end()) insert(found->second.namespaces, ns);
}

void PeerDirectory::leave_namespace(const Fingerprint& peer, const Namespace* ns) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.peers.find(peer);
  if (found != shard.peers.end()) erase(found->second.namespaces, ns);
}

bool PeerDirectory::claim_alias(std::string_view alias, const Fingerprint& peer) {
  AliasShard& shard = alias_shard_of(alias);
  const MutexLock lock(shard.mutex);
  return shard.holders.emplace(alias, peer).second;
}

void PeerDirectory::free_alias(std::string_view alias) {
  AliasShard& shard = alias_shard_of(alias);
  const MutexLock lock(shard.mutex);
  const auto found = shard.holders.find(alias);
  if (found != shard.holders.end()) shard.holders.erase(found);
}

std::optional<Fingerprint> PeerDirectory::resolve_alias(std::string_view alias) const {
  AliasShard& shard = alias_shard_of(alias);
  const MutexLock lock(shard.mutex);
  const auto found = shard.holders.find(alias);
  if (found == shard.holders.end()) return std::nullopt;
  return found->second;
}

std::optional<Fingerprint> PeerDirectory::resolve(std::string_view name) const {
  if (const auto fingerprint = parse_fingerprint(name)) return fingerprint;
  return resolve_alias(name);
}

}  // namespace peer
