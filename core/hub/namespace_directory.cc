#include "core/hub/namespace_directory.h"

#include <algorithm>
#include <cassert>
#include <utility>

// Who is with whom. In: joins, leaves, changes of rooms, from any loop, and what other nodes tell.
// Out: pages of members for the caller, frames for the other members. These are posted to the loops
// of the members while the shard of the namespace is locked: that is the one order of its
// announcements.

namespace peer {
namespace {

PeerPage page_of(const Namespace& ns, std::size_t first, PageLimit limit) {
  const std::size_t count = std::min(limit.peers, ns.members.size() - first);
  std::vector<std::string_view> objects;
  objects.reserve(count);
  for (std::size_t i = first; i < first + count; ++i) objects.push_back(ns.members[i].object);
  PeerPage page = make_page(objects, limit);
  page.total = ns.members.size();
  return page;
}

Member* find_member(Namespace& ns, std::uint64_t joined) {
  const auto at = std::lower_bound(
      ns.members.begin(), ns.members.end(), joined,
      [](const Member& member, std::uint64_t order) { return member.joined < order; });
  return at != ns.members.end() && at->joined == joined ? &*at : nullptr;
}

template <typename Namespace>  // const or not
auto* find_member(Namespace& ns, const Fingerprint& peer) {
  const auto at = std::find_if(ns.members.begin(), ns.members.end(),
                               [&](const Member& member) { return member.peer == peer; });
  return at == ns.members.end() ? nullptr : &*at;
}

RoomSnapshot snapshot_of(const Namespace& ns) {
  RoomSnapshot snapshot{&ns, *ns.room, ns.version, {}};
  snapshot.members.reserve(ns.members.size());
  for (const Member& member : ns.members) snapshot.members.push_back(member.peer);
  return snapshot;
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
  return shards_[std::hash<std::string_view>{}(name)&mask_];
}

Namespace* NamespaceDirectory::find_in(Shard& shard, std::string_view name) {
  const auto found = shard.by_name.find(name);
  return found == shard.by_name.end() ? nullptr : found->second.get();
}

Namespace& NamespaceDirectory::create_in(Shard& shard, std::string_view name) {
  auto created = std::make_unique<Namespace>(name);
  Namespace& ns = *created;
  shard.by_name.emplace(ns.name, std::move(created));
  return ns;
}

JoinResult NamespaceDirectory::join(std::string_view name, const Joiner& joiner,
                                    std::size_t max_size, PageLimit limit) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns != nullptr && ns->room != nullptr) return {JoinStatus::kIsRoom, ns, 0, {}};
  if (ns != nullptr && ns->members.size() >= max_size) return {JoinStatus::kFull, ns, 0, {}};
  if (ns == nullptr) ns = &create_in(shard, name);
  const std::uint64_t joined = add(*ns, joiner);
  return {JoinStatus::kJoined, ns, joined, page_of(*ns, 0, limit)};
}

JoinResult NamespaceDirectory::join_room(std::string_view name, const Joiner& joiner,
                                         std::uint64_t version, const RoomChange& change,
                                         PageLimit limit) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr || ns->room == nullptr) return {JoinStatus::kGone, nullptr, 0, {}};
  if (ns->version != version) return {JoinStatus::kConflict, ns, 0, {}};
  *ns->room = change.room;
  const std::uint64_t joined = add(*ns, joiner);
  post_to_room(*ns, change.posts);
  return {JoinStatus::kJoined, ns, joined, page_of(*ns, 0, limit)};
}

JoinResult NamespaceDirectory::enter(std::string_view name, const Joiner& joiner,
                                     const RoomChange* room, const sdk::MemberPage& page,
                                     PageLimit limit) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr) ns = &create_in(shard, name);
  if (room != nullptr) ns->room = std::make_unique<Room>(room->room);
  const std::uint64_t joined = add(*ns, joiner);
  if (room != nullptr) post_to_room(*ns, room->posts);
  return {JoinStatus::kJoined, ns, joined, shared_page(ns, page, limit)};
}

std::uint64_t NamespaceDirectory::add(Namespace& ns, const Joiner& joiner) {
  // Who reads peer_joined may signal at once: the peer's own entry comes first.
  peers_.enter_namespace(joiner.peer, &ns);
  post_to_members(ns, joiner.announcement);
  const std::uint64_t joined = ns.next_join++;
  ns.members.push_back(
      {joiner.where, joined, joiner.peer, std::string(joiner.object), false, joiner.alone});
  ++ns.version;
  return joined;
}

void NamespaceDirectory::refresh(Namespace& ns, std::uint64_t joined, std::string_view object) {
  const MutexLock lock(shard_of(ns.name).mutex);
  if (Member* member = find_member(ns, joined)) member->object = object;
}

Namespace* NamespaceDirectory::create_room(std::string_view name, const Joiner& creator,
                                           const RoomChange& change) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  if (find_in(shard, name) != nullptr) return nullptr;
  Namespace& ns = create_in(shard, name);
  ns.room = std::make_unique<Room>(change.room);
  add(ns, creator);
  post_to_room(ns, change.posts);
  return &ns;
}

LeaveResult NamespaceDirectory::leave(Namespace& ns, std::uint64_t joined, const Fingerprint& peer,
                                      const FrameRef& announcement) {
  Shard& shard = shard_of(ns.name);
  const MutexLock lock(shard.mutex);
  peers_.leave_namespace(peer, &ns);
  Member* member = find_member(ns, joined);
  assert(member != nullptr);
  const bool announced = member->departed;
  ns.members.erase(ns.members.begin() + (member - ns.members.data()));
  ++ns.version;
  LeaveResult result{ns.room != nullptr, std::nullopt};
  if (ns.members.empty()) {
    shard.by_name.erase(shard.by_name.find(ns.name));
    return result;
  }
  if (!announced) post_to_members(ns, announcement);
  if (result.was_room) result.room = snapshot_of(ns);
  return result;
}

bool NamespaceDirectory::commit_room(std::string_view name, std::uint64_t version,
                                     const RoomChange& change) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr || ns->room == nullptr || ns->version != version) return false;
  *ns->room = change.room;
  ++ns->version;
  post_to_room(*ns, change.posts);
  return true;
}

void NamespaceDirectory::announce_joined(std::string_view name, const Fingerprint& peer,
                                         const FrameRef& joined, const FrameRef& left) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return;
  depart(*ns, peer, left);
  post_news_from_elsewhere(*ns, joined);
}

void NamespaceDirectory::announce_departed(std::string_view name, const Fingerprint& peer,
                                           const FrameRef& left) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  if (Namespace* ns = find_in(shard, name)) depart(*ns, peer, left);
}

void NamespaceDirectory::depart(Namespace& ns, const Fingerprint& peer, const FrameRef& left) {
  Member* still_here = peers_.is_member(peer, &ns) ? find_member(ns, peer) : nullptr;
  if (still_here == nullptr || std::exchange(still_here->departed, true)) return;
  post_to_members(ns, left);
}

void NamespaceDirectory::announce_left(std::string_view name, const FrameRef& left) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  if (const Namespace* ns = find_in(shard, name)) post_news_from_elsewhere(*ns, left);
}

bool NamespaceDirectory::has_lone_members(std::string_view name) const {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  return ns != nullptr && std::any_of(ns->members.begin(), ns->members.end(),
                                      [](const Member& member) { return member.alone; });
}

void NamespaceDirectory::show_members(std::string_view name, const std::vector<FrameRef>& joined) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return;
  for (Member& member : ns->members) {
    if (!std::exchange(member.alone, false)) continue;
    for (const FrameRef& frame : joined) {
      post_(member.where.loop, {frame, member.where, {}, nullptr});
    }
  }
}

void NamespaceDirectory::apply_to_room(std::string_view name, const RoomChange& change) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr || ns->room == nullptr) return;
  *ns->room = change.room;
  ++ns->version;
  post_to_room(*ns, change.posts);
}

void NamespaceDirectory::post_to_members(const Namespace& ns, const FrameRef& frame) {
  post_to(ns, frame, [](const Member&) { return true; });
}

void NamespaceDirectory::post_news_from_elsewhere(const Namespace& ns, const FrameRef& frame) {
  post_to(ns, frame, [](const Member& member) { return !member.alone; });
}

template <typename Predicate>
void NamespaceDirectory::post_to(const Namespace& ns, const FrameRef& frame, Predicate is_meant) {
  std::vector<std::vector<ConnectionRef>> by_loop(loops_);
  for (const Member& member : ns.members) {
    if (!member.departed && is_meant(member)) by_loop[member.where.loop].push_back(member.where);
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

PeerPage NamespaceDirectory::list(std::string_view name, const std::optional<Fingerprint>& after,
                                  PageLimit limit) const {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return {};
  const Member* previous = after ? find_member(*ns, *after) : nullptr;
  const std::ptrdiff_t first = previous == nullptr ? 0 : previous - ns->members.data() + 1;
  return page_of(*ns, static_cast<std::size_t>(first), limit);
}

PeerPage NamespaceDirectory::list(std::string_view name, const sdk::MemberPage& page,
                                  PageLimit limit) const {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  return shared_page(find_in(shard, name), page, limit);
}

PeerPage NamespaceDirectory::shared_page(const Namespace* ns, const sdk::MemberPage& shared,
                                         PageLimit limit) const {
  std::size_t total = shared.total;
  std::vector<std::string_view> objects;
  objects.reserve(shared.members.size());
  for (const sdk::MemberEntry& member : shared.members) {
    // Whose going the members here have been told of must not appear to who comes after.
    if (!member.here || (ns != nullptr && peers_.is_member(member.peer, ns))) {
      objects.push_back(member.object);
    } else if (total > 0) {
      --total;
    }
  }
  PeerPage page = make_page(objects, limit);
  page.total = total;
  return page;
}

std::vector<std::string> NamespaceDirectory::objects(std::string_view name,
                                                     const std::vector<Fingerprint>& peers) const {
  std::vector<std::string> objects(peers.size());
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return objects;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    if (const Member* member = find_member(*ns, peers[i])) objects[i] = member->object;
  }
  return objects;
}

std::vector<std::vector<ConnectionRef>> NamespaceDirectory::recipients(
    std::string_view name, const std::vector<ConnectionRef>& except) const {
  std::vector<std::vector<ConnectionRef>> by_loop(loops_);
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  if (ns == nullptr) return by_loop;
  for (const Member& member : ns->members) {
    if (std::find(except.begin(), except.end(), member.where) != except.end()) continue;
    by_loop[member.where.loop].push_back(member.where);
  }
  return by_loop;
}

void NamespaceDirectory::post_to_room(const Namespace& ns, const std::vector<RoomPost>& posts) {
  for (const RoomPost& post : posts) {
    if (!post.to) {
      post_to_members(ns, post.frame);
    } else if (const Member* member = find_member(ns, *post.to)) {
      post_(member->where.loop, {post.frame, member->where, {}, nullptr});
    }
  }
}

void NamespaceDirectory::visit(
    const std::function<void(const std::string&, std::size_t, bool)>& visit) const {
  struct Line {
    std::string name;
    std::size_t members;
    bool is_room;
  };
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    std::vector<Line> lines;
    {
      const MutexLock lock(shards_[i].mutex);
      lines.reserve(shards_[i].by_name.size());
      for (const auto& [name, ns] : shards_[i].by_name) {
        lines.push_back({ns->name, ns->members.size(), ns->room != nullptr});
      }
    }
    for (const Line& line : lines) visit(line.name, line.members, line.is_room);
  }
}

}  // namespace peer
