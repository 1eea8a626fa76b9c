#include "core/hub/namespace_members.h"

// What of NamespaceDirectory is about rooms alone: their creation and changes, their ends, those
// that wait without members, and those that are public. The shard of the room is locked while it
// changes, and the frames that go with a change are posted meanwhile.
namespace peer {

void NamespaceDirectory::use_room(Namespace& ns, const Room& room) {
  if (ns.room == nullptr) {
    ns.room = std::make_unique<KeptRoom>();
    ns.room->place = rooms_.next_place();
  }
  KeptRoom& kept = *ns.room;
  if (room.listed && !kept.listed) rooms_.list(kept.place, ns.name);
  if (!room.listed && kept.listed) rooms_.unlist(kept.place);
  static_cast<Room&>(kept) = room;
}

Namespace* NamespaceDirectory::create_room(std::string_view name, const Joiner& creator,
                                           const RoomChange& change) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  if (find_in(shard, name) != nullptr) return nullptr;
  Namespace& ns = create_in(shard, name);
  use_room(ns, change.room);
  add(ns, creator);
  post_to_room(ns, change.posts);
  return &ns;
}

JoinResult NamespaceDirectory::join_room(std::string_view name, const Joiner& joiner,
                                         std::uint64_t version, const RoomChange& change,
                                         PageLimit limit) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr || ns->room == nullptr) return {JoinStatus::kGone, nullptr, 0, {}};
  // The version rises with every join, leave and commit. As long as it is the one that the policy
  // was shown, its decision still fits, and is carried out before this lock is released.
  if (ns->version != version) return {JoinStatus::kConflict, ns, 0, {}};
  use_room(*ns, change.room);
  const std::uint64_t joined = add(*ns, joiner);
  // Behind peer_joined. The newcomer is a member by now, and hears them too.
  post_to_room(*ns, change.posts);
  return {JoinStatus::kJoined, ns, joined, page_of(*ns, 0, limit)};
}

bool NamespaceDirectory::commit_room(std::string_view name, std::uint64_t version,
                                     const RoomChange& change) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  if (ns == nullptr || ns->room == nullptr || ns->version != version) return false;
  use_room(*ns, change.room);
  ++ns->version;
  post_to_room(*ns, change.posts);
  return true;
}

std::optional<std::vector<ClosedMember>> NamespaceDirectory::close_room(
    std::string_view name, std::optional<std::uint64_t> version,
    const std::vector<RoomPost>& posts) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const auto found = shard.by_name.find(name);
  if (found == shard.by_name.end()) return std::nullopt;
  Namespace& ns = *found->second;
  if (ns.room == nullptr || (version && ns.version != *version)) return std::nullopt;
  post_to_room(ns, posts);
  std::vector<ClosedMember> members;
  if (peers_in(ns) == 0) {
    drop_in(shard, ns);
    return members;
  }
  if (ns.room->listed) rooms_.unlist(ns.room->place);
  ns.room->listed = false;
  ns.closed = true;
  for (const Member& member : ns.members) {
    // What it says to those who were members with it is refused from now on.
    peers_.leave_namespace(member.peer, &ns);
    members.push_back({member.where, &ns, member.joined});
  }
  shard.closed.push_back(std::move(found->second));
  shard.by_name.erase(found);
  return members;
}

void NamespaceDirectory::apply_to_room(std::string_view name, const RoomChange& change) {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  Namespace* ns = find_in(shard, name);
  // The broker has brought the changes of all nodes into one order, so no version is compared. It
  // rises all the same: a decision that this node's policy has under way was made of an older
  // state.
  if (ns == nullptr || ns->room == nullptr) return;
  use_room(*ns, change.room);
  ++ns->version;
  post_to_room(*ns, change.posts);
}

std::optional<Time> NamespaceDirectory::end_empty(
    Time now, const std::function<void(const std::string&)>& ended) {
  constexpr std::size_t kAtATime = 100;  // so that the loop goes on soon
  for (const auto& [ends, name] : rooms_.take_due(now, kAtATime)) {
    {
      Shard& shard = shard_of(name);
      const MutexLock lock(shard.mutex);
      Namespace* ns = find_in(shard, name);
      // Since it was taken out somebody may have come, and maybe gone again.
      const bool is_it = ns != nullptr && ns->room != nullptr && ns->room->ends == ends;
      if (!is_it || peers_in(*ns) > 0) continue;
      drop_in(shard, *ns);
    }
    if (ended) ended(name);
  }
  return rooms_.next_end();
}

RoomPage NamespaceDirectory::page_of_rooms(std::uint64_t after, std::size_t limit) const {
  RoomPage page;
  auto found = rooms_.page(after, limit + 1);
  page.more = found.size() > limit;
  if (page.more) found.pop_back();
  for (const auto& [place, name] : found) {
    Shard& shard = shard_of(name);
    const MutexLock lock(shard.mutex);
    const Namespace* ns = find_in(shard, name);
    // By now it may have ended, and another may have the name.
    if (ns == nullptr || ns->room == nullptr || ns->room->place != place) continue;
    page.rooms.push_back({name, static_cast<const Room&>(*ns->room), place, ns->members.size()});
  }
  return page;
}

void NamespaceDirectory::post_to_room(const Namespace& ns, const std::vector<RoomPost>& posts) {
  for (const RoomPost& post : posts) {
    if (!post.to) {
      post_to_members(ns, post.frame);
    } else if (const Member* member = find_member(ns, *post.to);
               member && !member->muted && member->hears_of_all()) {
      post_(member->where.loop, {post.frame, member->where, {}, nullptr});
    }
  }
}

}  // namespace peer
