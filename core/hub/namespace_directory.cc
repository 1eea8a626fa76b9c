#include "core/hub/namespace_directory.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/hub/namespace_members.h"

// Who is with whom. In: joins, leaves and what members change, from any loop. Out: pages of members
// for the caller, frames for the other members. These are posted to the loops of the members while
// the shard of the namespace is locked: that is the one order of its announcements.
namespace peer {
namespace {

// A member that joined alone, or is coming, or has left, hears nothing of what other nodes tell.
bool hears_of_elsewhere(const Member& member, std::span<const Fingerprint> told) {
  return !member.alone && member.hears_of_all() &&
         std::find(told.begin(), told.end(), member.peer) == told.end();
}

RoomSnapshot snapshot_of(const Namespace& ns) {
  RoomSnapshot snapshot{&ns, static_cast<const Room&>(*ns.room), ns.version, {}};
  snapshot.members.reserve(ns.members.size());
  for (const Member& member : ns.members) snapshot.members.push_back(member.peer);
  return snapshot;
}

/// Where few of the members may be meant.
constexpr std::size_t kFewReceivers = 16;

// Of few: mostly it is the sender alone, and std::find() begins by counting how many there are.
bool is_among(const std::vector<SessionRef>& few, SessionRef one) {
  for (const SessionRef other : few) {
    if (other == one) return true;
  }
  return false;
}

// `room`: for how many a loop's list begins, since one that grows from one is copied again and
// again. Inline by order: each copy of a broadcast goes this way.
[[gnu::always_inline]] inline void add_receiver(std::vector<std::vector<SessionRef>>& by_loop,
                                                std::size_t room, const Member& member) {
  std::vector<SessionRef>& receivers = by_loop[member.where.loop];
  if (receivers.empty()) receivers.reserve(room);
  receivers.push_back(member.where);
}

}  // namespace

NamespaceDirectory::NamespaceDirectory(std::uint32_t shard_count, std::size_t loops,
                                       PeerDirectory& peers, Post post)
    : mask_(shard_count - 1),
      loops_(loops),
      peers_(peers),
      post_(std::move(post)),
      shards_(std::make_unique<Shard[]>(shard_count)) {}

NamespaceDirectory::Shard& NamespaceDirectory::shard_of(std::string_view name) const {
  return shards_[hash_of_name(name) & mask_];
}

NamespaceDirectory::Shard& NamespaceDirectory::shard_of(const Namespace& ns) const {
  return shards_[ns.hash & mask_];
}

Namespace* NamespaceDirectory::find_in(Shard& shard, std::string_view name) {
  const auto found = shard.by_name.find(name);
  return found == shard.by_name.end() ? nullptr : found->second.get();
}

Namespace& NamespaceDirectory::create_in(Shard& shard, std::string_view name) {
  auto created = std::make_unique<Namespace>(name);
  Namespace& ns = *created;
  // The key is a view of the name in the namespace itself: both end together.
  shard.by_name.emplace(ns.name, std::move(created));
  return ns;
}

JoinResult NamespaceDirectory::join(std::string_view name, const Joiner& joiner,
                                    std::size_t max_size, PageLimit limit) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns != nullptr && ns->room != nullptr) return {JoinStatus::kIsRoom, ns, 0, {}};
  if (ns != nullptr && peers_in(*ns) >= max_size) return {JoinStatus::kFull, ns, 0, {}};
  if (ns == nullptr) ns = &create_in(shard, name);
  const std::uint64_t joined = add(*ns, joiner);
  return {JoinStatus::kJoined, ns, joined, page_of(*ns, 0, limit)};
}

JoinResult NamespaceDirectory::enter(std::string_view name, const Joiner& joiner,
                                     const RoomChange* room, const sdk::MemberPage& page,
                                     PageLimit limit) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr) ns = &create_in(shard, name);
  if (room != nullptr) use_room(*ns, room->room);
  const std::uint64_t joined = add(*ns, joiner);
  if (room != nullptr) post_to_room(*ns, room->posts);
  return {JoinStatus::kJoined, ns, joined, shared_page(ns, page, limit)};
}

std::uint64_t NamespaceDirectory::add(Namespace& ns, const Joiner& joiner) {
  // A member that reads peer_joined may send a signal at once, so the peer's own entry comes first.
  // The newcomer is no member yet, so it does not hear of itself.
  peers_.enter_namespace(joiner.peer, &ns);
  if (joiner.announcement) post_to_members(ns, joiner.announcement);
  if (ns.room != nullptr && ns.room->ends != kNever) {
    rooms_.release(ns.name, std::exchange(ns.room->ends, kNever));
  }
  const std::uint64_t joined = ns.next_join++;
  // By a quarter, where a vector grows to twice its size: half of its room would be empty.
  if (const std::size_t size = ns.members.size(); size == ns.members.capacity()) {
    ns.members.reserve(size + size / 4 + 2);
  }
  ns.members.push_back({joiner.where, joined, joiner.peer, KeptObject(joiner.object, joiner.peer),
                        false, joiner.alone});
  if (joiner.watches != Watches()) set_watches(ns, ns.members.back(), joiner.watches);
  ++ns.version;
  return joined;
}

void NamespaceDirectory::refresh(Namespace& ns, std::uint64_t joined, std::string_view object) {
  const MutexLock lock(shard_of(ns).mutex);
  // The version stays: a room's policy is shown no peer objects.
  if (Member* member = find_member(ns, joined)) {
    member->kept = KeptObject(object, member->peer);
  }
}

void NamespaceDirectory::mute(Namespace& ns, std::uint64_t joined, bool muted) {
  const MutexLock lock(shard_of(ns).mutex);
  Member* member = find_member(ns, joined);
  if (member == nullptr) return;
  member->muted = muted;
  peers_.mute_namespace(member->peer, &ns, muted);
}

void NamespaceDirectory::set_watches(Namespace& ns, Member& member, Watches watches) {
  const int more = static_cast<int>(watches.meta) - static_cast<int>(member.watches.meta);
  ns.meta_watchers += static_cast<std::uint32_t>(more);
  meta_watchers_.fetch_add(static_cast<std::uint32_t>(more), std::memory_order_relaxed);
  member.watches = watches;
}

void NamespaceDirectory::watch(Namespace& ns, std::uint64_t joined, Watches watches) {
  const MutexLock lock(shard_of(ns).mutex);
  if (Member* member = find_member(ns, joined)) set_watches(ns, *member, watches);
}

std::optional<std::vector<Fingerprint>> NamespaceDirectory::set_away(Namespace& ns,
                                                                     std::uint64_t joined,
                                                                     bool away,
                                                                     const FrameRef& news) {
  const MutexLock lock(shard_of(ns).mutex);
  Member* changed = find_member(ns, joined);
  if (changed == nullptr || std::exchange(changed->away, away) == away) return std::nullopt;
  ns.away += away ? 1U : static_cast<std::uint32_t>(-1);
  std::vector<Fingerprint> on_the_move;
  if (ns.closed) return on_the_move;
  post_to(ns, news, [&](const Member& member) {
    const bool hears = member.watches.presence && &member != changed;
    if (hears && member.move != Member::Move::kNone) on_the_move.push_back(member.peer);
    return hears;
  });
  return on_the_move;
}

NamespaceDirectory::ToldMembers NamespaceDirectory::tell_meta(Namespace& ns, std::uint64_t joined,
                                                              const FrameRef& news) {
  return tell_meta_since(ns, joined, 0, news);
}

NamespaceDirectory::ToldMembers NamespaceDirectory::tell_meta_since(Namespace& ns,
                                                                    std::uint64_t joined,
                                                                    std::uint64_t since,
                                                                    const FrameRef& news) {
  const MutexLock lock(shard_of(ns).mutex);
  ToldMembers told{{}, ns.next_join, ns.pages};
  if (ns.closed) return told;
  post_to(ns, news, [&](const Member& member) {
    const bool hears = member.watches.meta && member.joined != joined && member.joined >= since;
    if (hears && member.move != Member::Move::kNone) told.on_the_move.push_back(member.peer);
    return hears;
  });
  return told;
}

void NamespaceDirectory::announce_watched(std::string_view name, bool Watches::*kind,
                                          const FrameRef& news, std::span<const Fingerprint> told) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return;
  post_to(*ns, news, [&](const Member& member) {
    return member.watches.*kind && hears_of_elsewhere(member, told);
  });
}

bool NamespaceDirectory::has_meta_watchers(const Namespace& ns, bool itself) const {
  const MutexLock lock(shard_of(ns).mutex);
  return ns.meta_watchers > (itself ? 1U : 0U);
}

std::uint64_t NamespaceDirectory::pages(const Namespace& ns) const {
  const MutexLock lock(shard_of(ns).mutex);
  return ns.pages;
}

LeaveResult NamespaceDirectory::leave(Namespace& ns, std::uint64_t joined, const Fingerprint& peer,
                                      const FrameRef& announcement, bool others_know,
                                      std::optional<Time> now) {
  Shard& shard = shard_of(ns);
  const MutexLock lock(shard.mutex);
  // The peer's entry lets go of the namespace first. A signal that comes later is refused, and
  // PeerDirectory::namespaces_of() cannot meet a namespace that has been destroyed.
  peers_.leave_namespace(peer, &ns);
  Member* member = find_member(ns, joined);
  assert(member != nullptr);
  // The broker may have told of its going already (announce_departed). The members here hear that
  // once.
  const bool comes = member->move == Member::Move::kComing;  // it is a member elsewhere
  const bool announced = member->departed || comes;
  const bool closed = ns.closed;
  LeaveResult result{ns.room != nullptr && !comes, std::nullopt};
  const Rest rest = erase_in(shard, ns, *member, now);
  if (closed) return {};
  result.waits = rest == Rest::kWaits;
  if (rest != Rest::kMembers) return result;
  if (!announcement) {
    // Nobody is told.
  } else if (!announced && others_know) {
    post_to_members(ns, announcement);
  } else if (!announced) {
    post_own_news(ns, announcement);
    for (const Member& other : ns.members) {
      const bool knows =
          other.move == Member::Move::kLeaving || other.move == Member::Move::kComing;
      if (knows) result.told.push_back(other.peer);
    }
  }
  if (result.was_room) result.room = snapshot_of(ns);
  return result;
}

Namespace* NamespaceDirectory::enter_unlisted(std::string_view name, const Fingerprint& peer,
                                              std::size_t max_size) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns != nullptr && (ns->room != nullptr || peers_in(*ns) >= max_size)) return nullptr;
  if (ns == nullptr) ns = &create_in(shard, name);
  peers_.enter_namespace(peer, ns);
  ++ns->unlisted;
  return ns;
}

void NamespaceDirectory::leave_unlisted(std::string_view name, const Fingerprint& peer) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr || ns->unlisted == 0) return;
  peers_.leave_namespace(peer, ns);
  --ns->unlisted;
  if (peers_in(*ns) == 0) drop_in(shard, *ns);
}

NamespaceDirectory::Rest NamespaceDirectory::erase_in(Shard& shard, Namespace& ns, Member& member,
                                                      std::optional<Time> now) {
  if (member.watches != Watches()) set_watches(ns, member, {});
  set_move(ns, member, Member::Move::kNone);
  if (member.away) --ns.away;
  if (member.departed) --ns.departed;
  ns.members.erase(ns.members.begin() + (&member - ns.members.data()));
  ++ns.version;
  if (peers_in(ns) > 0) return Rest::kMembers;
  if (ns.closed) {
    std::erase_if(shard.closed, [&](const auto& closed) { return closed.get() == &ns; });
    return Rest::kGone;
  }
  if (now && ns.room != nullptr && ns.room->keep_empty.count() > 0) {
    const Time ends = *now + ns.room->keep_empty;
    if (rooms_.keep(ns.name, ends, max_empty_rooms_.load(std::memory_order_relaxed))) {
      ns.room->ends = ends;
      return Rest::kWaits;
    }
  }
  drop_in(shard, ns);
  return Rest::kGone;
}

void NamespaceDirectory::drop_in(Shard& shard, Namespace& ns) {
  if (ns.room != nullptr) {
    if (ns.room->listed) rooms_.unlist(ns.room->place);
    if (ns.room->ends != kNever) rooms_.release(ns.name, ns.room->ends);
  }
  shard.by_name.erase(shard.by_name.find(ns.name));
}

void NamespaceDirectory::post_to_members(const Namespace& ns, const FrameRef& frame) {
  post_to(ns, frame, [](const Member& member) { return member.hears_of_all(); });
}

void NamespaceDirectory::post_own_news(const Namespace& ns, const FrameRef& frame) {
  post_to(ns, frame, [](const Member&) { return true; });
}

void NamespaceDirectory::post_news_from_elsewhere(const Namespace& ns, const FrameRef& frame,
                                                  std::span<const Fingerprint> told) {
  post_to(ns, frame, [&](const Member& member) { return hears_of_elsewhere(member, told); });
}

// One delivery for each loop that has members, however many these are; all share the frame. A
// departed member is left out: what happens in the namespace reaches its peer through another node.
// So is one that has left, and a muted one.
template <typename Predicate>
void NamespaceDirectory::post_to(const Namespace& ns, const FrameRef& frame, Predicate is_meant) {
  // What is in it goes with the deliveries; the list itself is kept.
  static thread_local std::vector<std::vector<SessionRef>> by_loop;
  by_loop.assign(loops_, {});
  for (const Member& member : ns.members) {
    const bool is_elsewhere = member.departed || member.move == Member::Move::kLeft;
    if (is_elsewhere || member.muted || !is_meant(member)) continue;
    add_receiver(by_loop, kFewReceivers, member);
  }
  for (std::size_t loop = 0; loop < loops_; ++loop) {
    if (!by_loop[loop].empty()) post_(loop, {frame, {}, std::move(by_loop[loop]), nullptr});
  }
}

const Namespace* NamespaceDirectory::find(std::string_view name) const {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  return find_in(shard, name);
}

std::optional<RoomSnapshot> NamespaceDirectory::room(std::string_view name) const {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  if (ns == nullptr || ns->room == nullptr) return std::nullopt;
  return snapshot_of(*ns);
}

std::vector<std::vector<SessionRef>> NamespaceDirectory::recipients(
    std::string_view name, const std::vector<SessionRef>& except,
    std::vector<Fingerprint>* told) const {
  std::vector<std::vector<SessionRef>> by_loop(loops_);
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return by_loop;
  const std::size_t room = ns->members.size() / loops_ + 1;
  for (const Member& member : ns->members) {
    if (member.muted || member.move == Member::Move::kLeft) continue;
    if (is_among(except, member.where)) continue;
    if (member.move != Member::Move::kNone) {
      if (told != nullptr) {
        told->push_back(member.peer);
      } else if (member.move == Member::Move::kComing) {
        continue;
      }
    }
    add_receiver(by_loop, room, member);
  }
  return by_loop;
}

}  // namespace peer
