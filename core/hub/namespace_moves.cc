#include <utility>

#include "core/hub/namespace_members.h"

// What of NamespaceDirectory is about members whose sessions are on their way from or to another
// node (Member::Move). In: the steps of a move, from the loop of the session. Out: what the member
// hears from then on; nobody else is told. The shard of the namespace is locked meanwhile.
namespace peer {

JoinResult NamespaceDirectory::come(std::string_view name, const Joiner& joiner, const Room* room,
                                    bool away) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr) {
    ns = &create_in(shard, name);
    if (room != nullptr) use_room(*ns, *room);
  }
  const std::uint64_t joined = add(*ns, joiner);
  Member& member = ns->members.back();
  set_move(*ns, member, Member::Move::kComing);
  member.away = away;
  if (away) ++ns->away;
  return {JoinStatus::kJoined, ns, joined, {}};
}

void NamespaceDirectory::end_move(Namespace& ns, std::uint64_t joined,
                                  const std::optional<Room>& room) {
  const MutexLock lock(shard_of(ns).mutex);
  Member* member = find_member(ns, joined);
  if (member != nullptr && member->move != Member::Move::kNone) stay(ns, *member, room);
}

void NamespaceDirectory::begin_move(Namespace& ns, std::uint64_t joined) {
  const MutexLock lock(shard_of(ns).mutex);
  if (Member* member = find_member(ns, joined)) set_move(ns, *member, Member::Move::kLeaving);
}

void NamespaceDirectory::member_moved(std::string_view name, const Fingerprint& peer, bool here,
                                      const std::optional<Room>& room) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  Member* member = ns == nullptr ? nullptr : find_member(*ns, peer);
  if (member == nullptr) return;
  if (here && member->move == Member::Move::kComing) stay(*ns, *member, room);
  if (!here && member->move == Member::Move::kLeaving) {
    set_move(*ns, *member, Member::Move::kLeft);
  }
}

void NamespaceDirectory::stay(Namespace& ns, Member& member, const std::optional<Room>& room) {
  set_move(ns, member, Member::Move::kNone);
  if (!room) return;
  use_room(ns, *room);
  ++ns.version;
}

void NamespaceDirectory::set_move(Namespace& ns, Member& member, Member::Move move) {
  const Member::Move before = std::exchange(member.move, move);
  if (before == Member::Move::kComing) {
    ns.coming.remove(member.joined);
    coming_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (move == Member::Move::kComing) {
    ns.coming.push_front(member.joined);
    coming_.fetch_add(1, std::memory_order_relaxed);
  }
}

std::uint64_t NamespaceDirectory::last_coming(std::string_view name, std::uint64_t most) const {
  if (coming_.load(std::memory_order_relaxed) == 0) return 0;
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return 0;
  for (const std::uint64_t joined : ns->coming) {
    if (joined <= most) return joined;
  }
  return 0;
}

void NamespaceDirectory::release(Namespace& ns, std::uint64_t joined, const Fingerprint& peer) {
  Shard& shard = shard_of(ns);
  const MutexLock lock(shard.mutex);
  peers_.leave_namespace(peer, &ns);
  if (Member* member = find_member(ns, joined)) erase_in(shard, ns, *member, std::nullopt);
}

}  // namespace peer
