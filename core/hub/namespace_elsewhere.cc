#include <algorithm>
#include <utility>

#include "core/hub/namespace_members.h"

// What of NamespaceDirectory is about members on other nodes. In: what the broker tells of them, in
// one order for each namespace. Out: frames for the members here, posted while the shard of the
// namespace is locked.
namespace peer {

void NamespaceDirectory::announce_joined(std::string_view name, const Fingerprint& peer,
                                         const FrameRef& joined, const FrameRef& left) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return;
  depart(*ns, peer, left);
  post_news_from_elsewhere(*ns, joined, {});
}

void NamespaceDirectory::announce_departed(std::string_view name, const Fingerprint& peer,
                                           const FrameRef& left) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  if (Namespace* ns = find_in(shard, name)) depart(*ns, peer, left);
}

void NamespaceDirectory::depart(Namespace& ns, const Fingerprint& peer, const FrameRef& left) {
  // Few peers of other nodes are members here too. A look-up by hash finds that out before the list
  // of members is searched.
  Member* still_here = peers_.is_member(peer, &ns) ? find_member(ns, peer) : nullptr;
  // Who is coming is a member elsewhere still, and who has left is one by now.
  if (still_here == nullptr || !still_here->hears_of_all() ||
      std::exchange(still_here->departed, true)) {
    return;
  }
  ++ns.departed;
  if (left) post_to_members(ns, left);
}

void NamespaceDirectory::announce_left(std::string_view name, const FrameRef& left,
                                       std::span<const Fingerprint> told) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  if (const Namespace* ns = find_in(shard, name)) post_news_from_elsewhere(*ns, left, told);
}

bool NamespaceDirectory::has_lone_members(std::string_view name) const {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  return ns != nullptr && std::any_of(ns->members.begin(), ns->members.end(),
                                      [](const Member& member) { return member.alone; });
}

void NamespaceDirectory::show_members(std::string_view name, const std::vector<FrameRef>& joined,
                                      const std::vector<FrameRef>& away) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return;
  for (Member& member : ns->members) {
    // The flag ends together with the frames, under this lock: the next news from elsewhere reaches
    // this member as well, behind them.
    if (!std::exchange(member.alone, false) || member.muted) continue;
    for (const FrameRef& frame : joined) {
      post_(member.where.loop, {frame, member.where, {}, nullptr});
    }
    if (!member.watches.presence) continue;
    for (const FrameRef& frame : away) {
      post_(member.where.loop, {frame, member.where, {}, nullptr});
    }
  }
}

}  // namespace peer
