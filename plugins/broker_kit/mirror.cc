#include "plugins/broker_kit/mirror.h"

// The local view of this node's peers, as a broker keeps it. In: what the core tells, in its order,
// and what Redis has answered. Out: what a resync writes. Two rules hold after each call: the
// members of all peers add up to `own` of the namespaces, and an alias leads to a peer that is in
// the mirror.
namespace peer_broker_kit {

std::string watches_text(Watches watches) {
  std::string text;
  if (watches.meta) text += 'm';
  if (watches.presence) text += 'p';
  return text;
}

RoomTerms terms_of(const peer::sdk::RoomCommit& commit) {
  RoomTerms terms;
  if (commit.listed) terms.listed = *commit.listed ? "1" : "0";
  if (commit.keep_empty.count() > 0) {
    terms.empty =
        std::to_string(commit.keep_empty.count()) + " " + std::to_string(commit.most_empty);
  }
  return terms;
}

void Mirror::add_peer(const Registered& peer, std::string_view alias, std::string_view proof) {
  const auto [entry, fresh] = peers_.try_emplace(peer.peer);
  // Whatever the order in which calls come, the newest registration wins.
  if (!fresh && entry->second.registration >= peer.registration) return;
  if (!fresh) {
    for (const auto& [ns, member] : entry->second.members) release(ns, member);
    forget_alias(peer.peer, entry->second);
  }
  entry->second = Peer();
  entry->second.registration = peer.registration;
  entry->second.alias = alias;
  entry->second.proof = proof;
  entry->second.since = Clock::now();
  if (!alias.empty()) aliases_.emplace(alias, peer.peer);  // who came first holds it
}

void Mirror::set_alias(const Registered& peer, std::string_view alias) {
  if (!is_live(peer)) return;
  peers_.at(peer.peer).alias = alias;
  aliases_.emplace(alias, peer.peer);  // who came first holds it
}

void Mirror::drop_alias(const Registered& peer) {
  if (!is_live(peer)) return;
  Peer& entry = peers_.at(peer.peer);
  forget_alias(peer.peer, entry);
  entry.alias.clear();
}

bool Mirror::remove_peer(const Registered& peer) {
  if (!is_live(peer)) return false;
  const auto entry = peers_.find(peer.peer);
  for (const auto& [ns, member] : entry->second.members) release(ns, member);
  forget_alias(peer.peer, entry->second);
  peers_.erase(entry);
  return true;
}

void Mirror::forget_alias(const Fingerprint& peer, const Peer& entry) {
  const auto found = aliases_.find(entry.alias);
  if (found != aliases_.end() && found->second == peer) aliases_.erase(found);
}

const Mirror::Peer* Mirror::find(const Fingerprint& peer) const {
  const auto entry = peers_.find(peer);
  return entry == peers_.end() ? nullptr : &entry->second;
}

Mirror::Peer* Mirror::find(const Fingerprint& peer) {
  const auto entry = peers_.find(peer);
  return entry == peers_.end() ? nullptr : &entry->second;
}

bool Mirror::is_live(const Registered& peer) const {
  const Peer* entry = find(peer.peer);
  return entry != nullptr && entry->registration == peer.registration;
}

std::optional<Fingerprint> Mirror::holder_of(std::string_view alias) const {
  const auto found = aliases_.find(alias);
  if (found == aliases_.end()) return std::nullopt;
  return found->second;
}

void Mirror::add_member(std::string_view ns, const Registered& peer, std::string_view object) {
  if (!is_live(peer)) return;
  auto& members = peers_.at(peer.peer).members;
  const auto [entry, fresh] = members.try_emplace(std::string(ns));
  entry->second.object = object;
  if (fresh) ++namespaces_[entry->first].own;
}

bool Mirror::is_member(std::string_view ns, const Fingerprint& peer) const {
  const Peer* entry = find(peer);
  return entry != nullptr && entry->members.contains(ns);
}

void Mirror::set_watches(std::string_view ns, const Registered& peer, Watches watches) {
  if (!is_live(peer)) return;
  auto& members = peers_.at(peer.peer).members;
  const auto entry = members.find(ns);
  if (entry == members.end()) return;
  const Watches before = std::exchange(entry->second.watches, watches);
  count_watches(ns, namespaces_.find(ns)->second, before, watches);
}

void Mirror::count_watches(std::string_view ns, Namespace& here, Watches before, Watches now) {
  here.meta_watchers +=
      static_cast<std::uint32_t>(now.meta) - static_cast<std::uint32_t>(before.meta);
  here.presence_watchers +=
      static_cast<std::uint32_t>(now.presence) - static_cast<std::uint32_t>(before.presence);
  const bool less =
      (before.meta && here.meta_watchers == 0) || (before.presence && here.presence_watchers == 0);
  if (less) less_watched_.emplace_back(ns);
}

void Mirror::mark_shared(std::string_view ns, const Registered& peer, std::string_view place) {
  if (!is_live(peer)) return;
  auto& members = peers_.at(peer.peer).members;
  const auto entry = members.find(ns);
  if (entry == members.end()) return;
  entry->second.shared = true;
  if (!place.empty()) entry->second.place = place;
}

bool Mirror::remove_member(std::string_view ns, const Registered& peer) {
  if (!is_live(peer)) return false;
  auto& members = peers_.at(peer.peer).members;
  const auto entry = members.find(ns);
  if (entry == members.end()) return false;
  const Member member = std::move(entry->second);
  members.erase(entry);
  release(ns, member);
  return true;
}

Mirror::Namespace* Mirror::find(std::string_view ns) {
  const auto found = namespaces_.find(ns);
  return found == namespaces_.end() ? nullptr : &found->second;
}

void Mirror::release(std::string_view ns, const Member& member) {
  const auto found = namespaces_.find(ns);
  if (--found->second.own == 0) {
    namespaces_.erase(found);  // and with it what it has marked (uncount_member in lua/common.lua)
  } else if (member.watches != Watches()) {
    count_watches(ns, found->second, member.watches, {});
  }
}

}  // namespace peer_broker_kit
