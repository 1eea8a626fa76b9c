#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/hub/namespace_directory.h"

/// What the sources of NamespaceDirectory have in common. The lock of the namespace's shard is
/// held.
namespace peer {

/// Members, and who is in it unlisted.
[[nodiscard]] inline std::size_t peers_in(const Namespace& ns) {
  return ns.members.size() + ns.unlisted;
}

/// A page of the members from the `first`-th on, counted from 0, who are `limit.peers` at most, in
/// the order in which they joined. `first` is at most their number.
[[nodiscard]] PeerPage page_of(const Namespace& ns, std::size_t first, PageLimit limit);

/// As find_member() from the place `from` on, then from the first; it becomes the place behind what
/// is found: several that are asked for in the order in which they joined cost one walk together.
[[nodiscard]] inline const Member* find_member_from(const Namespace& ns, const Fingerprint& peer,
                                                    std::size_t& from) {
  for (std::size_t i = 0; i < ns.members.size(); ++i) {
    const std::size_t at = (from + i) % ns.members.size();
    if (ns.members[at].peer != peer) continue;
    from = at + 1;
    return &ns.members[at];
  }
  return nullptr;
}

/// Null: it is no member. Linear in the members: there is no index by fingerprint. Only discover,
/// matches, rooms and news from other nodes ask so; a signal asks PeerDirectory.
template <typename Namespace>  // const or not
[[nodiscard]] auto* find_member(Namespace& ns, const Fingerprint& peer) {
  const auto at = std::find_if(ns.members.begin(), ns.members.end(),
                               [&](const Member& member) { return member.peer == peer; });
  return at == ns.members.end() ? nullptr : &*at;
}

/// Null: no member has that number. Members are appended with a number that only rises, so the list
/// is sorted by it.
[[nodiscard]] inline Member* find_member(Namespace& ns, std::uint64_t joined) {
  const auto at = std::lower_bound(
      ns.members.begin(), ns.members.end(), joined,
      [](const Member& member, std::uint64_t order) { return member.joined < order; });
  return at != ns.members.end() && at->joined == joined ? &*at : nullptr;
}

}  // namespace peer
