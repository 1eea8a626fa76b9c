#include <list>

#include "core/base/first_few.h"
#include "core/hub/namespace_members.h"

// What is asked of NamespaceDirectory: pages of members for peers, who may be told who is away, and
// pages of members and of names for the Server API. In: a name, where to begin, how many. Out:
// copies, made while the shard of the namespace is locked. Nothing changes.
namespace peer {
namespace {

NamespaceFacts facts_of(const Namespace& ns) {
  NamespaceFacts facts{ns.name, peers_in(ns), {}, 0};
  if (ns.room == nullptr) return facts;
  facts.owner = ns.room->owner;
  facts.max_size = ns.room->max_size;
  return facts;
}

/// What page_of() keeps of its list. A page of a room is as long as the room is large, and must not
/// leave its list behind on each loop.
constexpr std::size_t kObjectsKept = 1024;

void append_objects_in(const Namespace& ns, const std::vector<Fingerprint>& peers,
                       FrameBuilder& out) {
  const std::size_t begin = out.size();
  for (const Fingerprint& peer : peers) {
    const Member* member = find_member(ns, peer);
    if (member == nullptr) continue;
    const ObjectView object = member->object();
    if (object.size() == 0) continue;
    if (out.size() > begin) out.append(",");
    object.append_to(out);
  }
}

struct ByName {
  bool operator()(const NamespaceFacts& a, const NamespaceFacts& b) const {
    return a.name < b.name;
  }
  bool operator()(std::string_view name, const NamespaceFacts& b) const { return name < b.name; }
};

}  // namespace

PeerPage page_of(const Namespace& ns, std::size_t first, PageLimit limit) {
  if (ns.meta_watchers > 0) ++ns.pages;
  const std::size_t count = std::min(limit.peers, ns.members.size() - first);
  // The list is kept, with what it has room for; what it views is looked at in here only. It is
  // freed at the end where that is much.
  static thread_local std::vector<ObjectView> objects;
  objects.clear();
  const bool looks = limit.away != PageLimit::Away::kAsOthers && ns.away > 0;
  std::list<std::string> marked;  // what `objects` views
  for (std::size_t i = first; i < first + count; ++i) {
    const Member& member = ns.members[i];
    ObjectView& object = objects.emplace_back(member.object());
    if (looks && member.away && limit.away == PageLimit::Away::kMarked) {
      object.text = marked.emplace_back(with_away(object.text));
    }
  }
  PeerPage page = make_page(objects, limit);
  if (objects.capacity() > kObjectsKept) std::vector<ObjectView>().swap(objects);
  page.total = peers_in(ns);
  for (std::size_t i = first; looks && i < first + page.listed; ++i) {
    if (ns.members[i].away) page.away.push_back(ns.members[i].peer);
  }
  return page;
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
  const bool looks = limit.away != PageLimit::Away::kAsOthers;
  const bool looks_here = looks && ns != nullptr && ns->away > 0;
  // The broker's copy of an object of this node may be older than what the watchers here have been
  // told, and who is shown it would not hear of the difference.
  const bool is_watched = ns != nullptr && ns->meta_watchers > 0;
  if (is_watched) ++ns->pages;
  std::list<std::string> marked;   // what `objects` views
  std::vector<Fingerprint> peers;  // of these
  std::size_t next = 0;            // Namespace::members
  std::vector<ObjectView> objects;
  objects.reserve(shared.members.size());
  for (const sdk::MemberEntry& member : shared.members) {
    const bool is_there = !member.here || (ns != nullptr && peers_.is_member(member.peer, ns));
    const Member* own = is_there && member.here && (looks_here || is_watched || ns->departed > 0)
                            ? find_member_from(*ns, member.peer, next)
                            : nullptr;
    // A member of this node that has left since the broker made the page is skipped. Its peer_left
    // was posted before the joiner could hear it, so the joiner would never learn that it is gone.
    if (is_there && (own == nullptr || !own->departed)) {
      ObjectView& object = objects.emplace_back(
          is_watched && own != nullptr ? own->object() : ObjectView(member.object));
      const bool away = looks && (member.here ? own != nullptr && own->away : member.away);
      if (away && limit.away == PageLimit::Away::kMarked) {
        object.text = marked.emplace_back(with_away(object.text));
      }
      peers.push_back(away ? member.peer : Fingerprint());
    } else if (total > 0) {
      --total;
    }
  }
  PeerPage page = make_page(objects, limit);
  page.total = total;
  for (std::size_t i = 0; looks && i < page.listed; ++i) {
    if (peers[i] != Fingerprint()) page.away.push_back(peers[i]);
  }
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
    if (const Member* member = find_member(*ns, peers[i])) {
      objects[i] = member->kept.whole(member->peer);
    }
  }
  return objects;
}

void NamespaceDirectory::append_objects(FrameBuilder& out, std::string_view name,
                                        const std::vector<Fingerprint>& peers) const {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  if (const Namespace* ns = find_in(shard, name)) append_objects_in(*ns, peers, out);
}

void NamespaceDirectory::append_objects(FrameBuilder& out, const Namespace& ns,
                                        const std::vector<Fingerprint>& peers) const {
  Shard& shard = shard_of(ns);
  const MutexLock lock(shard.mutex);
  const Namespace* there = ns.closed ? find_in(shard, ns.name) : &ns;
  if (there != nullptr) append_objects_in(*there, peers, out);
}

std::vector<PeerPlace> NamespaceDirectory::page_of_members(std::string_view name,
                                                           const std::optional<Fingerprint>& after,
                                                           std::size_t limit) const {
  const auto less = [](const PeerPlace& a, const PeerPlace& b) {
    return comes_before(a.peer, b.peer);
  };
  FirstFew<PeerPlace, decltype(less)> found(limit, less);
  {
    Shard& shard = shard_of(name);
    const MutexLock lock(shard.mutex);
    const Namespace* ns = find_in(shard, name);
    if (ns == nullptr) return {};
    for (const Member& member : ns->members) {
      if (member.departed || (after && !comes_before(*after, member.peer))) continue;
      found.offer({member.peer, member.where});
    }
  }
  return found.take();
}

std::vector<NamespaceFacts> NamespaceDirectory::page_of_names(bool rooms, std::string_view after,
                                                              std::size_t limit) const {
  FirstFew<NamespaceFacts, ByName> found(limit, {});
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    const MutexLock lock(shards_[i].mutex);
    for (const auto& [name, ns] : shards_[i].by_name) {
      const bool is_meant = (ns->room != nullptr) == rooms && name > after;
      if (is_meant && found.wants(name)) found.offer(facts_of(*ns));
    }
  }
  return found.take();
}

NamespaceDirectory::Counts NamespaceDirectory::count() const {
  Counts counts;
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    const MutexLock lock(shards_[i].mutex);
    for (const auto& [name, ns] : shards_[i].by_name) {
      ++(ns->room != nullptr ? counts.rooms : counts.namespaces);
    }
  }
  return counts;
}

std::optional<NamespaceFacts> NamespaceDirectory::room_facts(std::string_view name) const {
  Shard& shard = shard_of(name);
  const MutexLock lock(shard.mutex);
  const Namespace* ns = find_in(shard, name);
  if (ns == nullptr || ns->room == nullptr) return std::nullopt;
  return facts_of(*ns);
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
        lines.push_back({ns->name, peers_in(*ns), ns->room != nullptr});
      }
    }
    for (const Line& line : lines) visit(line.name, line.members, line.is_room);
  }
}

}  // namespace peer
