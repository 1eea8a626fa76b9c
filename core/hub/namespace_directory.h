#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/base/watches.h"
#include "core/hub/namespace.h"
#include "core/hub/peer_directory.h"
#include "core/hub/peer_page.h"
#include "core/hub/room_index.h"
#include "core/net/delivery.h"

namespace peer {

/// Who was a member of a room that has ended.
struct ClosedMember {
  SessionRef where;
  Namespace* ns = nullptr;  ///< good while the session has the membership
  std::uint64_t joined = 0;
};

enum class JoinStatus : std::uint8_t {
  kJoined,
  kFull,
  kIsRoom,    ///< the name is a room: ask its policy
  kGone,      ///< no such room (any more)
  kConflict,  ///< the room has changed since the snapshot: ask the policy again
};

struct JoinResult {
  JoinStatus status = JoinStatus::kJoined;
  Namespace* ns = nullptr;  ///< good while the peer is a member
  std::uint64_t joined = 0;
  PeerPage page;
};

/// A peer on its way into a namespace.
struct Joiner {
  SessionRef where;
  Fingerprint peer;
  std::string_view object;
  FrameRef announcement;  ///< `peer_joined`, for the other members; null: they are not told
  bool alone = false;     ///< Member::alone
  Watches watches{};
};

/// What is known here of a namespace or room without asking its members.
struct NamespaceFacts {
  std::string name;
  std::size_t members = 0;  ///< of this node
  Fingerprint owner;        ///< of a room
  std::uint32_t max_size = 0;
};

/// A public room.
struct ListedRoom {
  std::string name;
  Room room;
  std::uint64_t place = 0;
  std::size_t members = 0;
};

/// Some of them, in the order of their places.
struct RoomPage {
  std::vector<ListedRoom> rooms;
  bool more = false;  ///< there may be others behind the last
};

/// What is left of a namespace that a member has left.
struct LeaveResult {
  bool was_room = false;
  std::optional<RoomSnapshot> room;  ///< of a room that still has members here
  bool waits = false;                ///< it has none, and lives on until end_empty()
  /// Members on the move who have heard of it: no other node needs to tell them.
  std::vector<Fingerprint> told{};
};

/// All namespaces and rooms of this node, in shards with a lock each (ARCHITECTURE.md,
/// "Invariants").
///
/// Every change posts its announcements to the members' loops while the shard is locked, the
/// caller's own loop included: so for every member the announcements of a namespace are in the
/// order of its changes, without a gap behind the page that it got on joining. The caller delivers
/// its own loop's mail (EventLoop::deliver_mail) after the call.
///
/// Thread-safe. A peer's memberships are changed by its own loop only. Lock order: namespace
/// shard, then peer shard, then mailbox.
class NamespaceDirectory {
 public:
  using Post = std::function<void(std::size_t loop, Delivery&& delivery)>;

  /// `post` hands a delivery to a loop, never blocks, and is called with a shard locked.
  NamespaceDirectory(std::uint32_t shard_count, std::size_t loops, PeerDirectory& peers, Post post);

  /// Joins, creating the namespace at need; on a room: kIsRoom, nothing done.
  JoinResult join(std::string_view name, const Joiner& joiner, std::size_t max_size,
                  PageLimit limit);
  /// Joins a room if it is still at `version`, and makes the change that its policy decided.
  JoinResult join_room(std::string_view name, const Joiner& joiner, std::uint64_t version,
                       const RoomChange& change, PageLimit limit);
  /// Enters a peer that a broker has let in: into a namespace, or with `room` into a room, creating
  /// either at need. The page is what the broker says of all nodes. Does not look at sizes.
  JoinResult enter(std::string_view name, const Joiner& joiner, const RoomChange* room,
                   const sdk::MemberPage& page, PageLimit limit);
  /// Enters a peer whose session comes from another node, silently (Member::Move::kComing). `room`:
  /// what is known there of a room; null: a namespace.
  JoinResult come(std::string_view name, const Joiner& joiner, const Room* room, bool away);
  /// It has come, to a namespace or to the room as it is by now; or its session, which was leaving,
  /// stays.
  void end_move(Namespace& ns, std::uint64_t joined, const std::optional<Room>& room);
  /// Its session is about to leave for another node.
  void begin_move(Namespace& ns, std::uint64_t joined);
  /// The place in the stream of this namespace at which a member that is leaving, or coming, has
  /// gone over: then end_move() changes nothing more. `room`: of one that has come.
  void member_moved(std::string_view name, const Fingerprint& peer, bool here,
                    const std::optional<Room>& room);
  /// The number (Member::joined) of the latest member up to `most` that is coming; 0: none is.
  /// Takes no lock where nobody comes to this node.
  [[nodiscard]] std::uint64_t last_coming(
      std::string_view name, std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;
  /// Ends a membership, silently: the peer is a member by another node.
  void release(Namespace& ns, std::uint64_t joined, const Fingerprint& peer);
  /// Replaces a member's peer object, silently.
  void refresh(Namespace& ns, std::uint64_t joined, std::string_view object);
  /// From now on a member hears nothing, or everything again; nobody is told.
  void mute(Namespace& ns, std::uint64_t joined, bool muted);
  /// Replaces what a member wants to hear.
  void watch(Namespace& ns, std::uint64_t joined, Watches watches);
  /// A member is away, or back. Who watches hears `news`. Returns those of them on the move, whom
  /// no other node needs to tell; nullopt: that is nothing new.
  std::optional<std::vector<Fingerprint>> set_away(Namespace& ns, std::uint64_t joined, bool away,
                                                   const FrameRef& news);
  /// For those who watch, but not for the member itself. The same is returned.
  struct ToldMembers {
    std::vector<Fingerprint> on_the_move;
    std::uint64_t next_join = 0;  ///< who comes later has it, and has not been told
    std::uint64_t pages = 0;      ///< pages()
  };
  ToldMembers tell_meta(Namespace& ns, std::uint64_t joined, const FrameRef& news);
  /// The same, for those alone that have joined since.
  ToldMembers tell_meta_since(Namespace& ns, std::uint64_t joined, std::uint64_t since,
                              const FrameRef& news);
  /// News of a member of another node, for those here who watch such, but not for those in `told`.
  void announce_watched(std::string_view name, bool Watches::*kind, const FrameRef& news,
                        std::span<const Fingerprint> told);
  /// Whether somebody watches `meta` anywhere; and in a namespace, beside a member who does so or
  /// does not (`itself`).
  [[nodiscard]] bool has_meta_watchers() const {
    return meta_watchers_.load(std::memory_order_relaxed) > 0;
  }
  [[nodiscard]] bool has_meta_watchers(const Namespace& ns, bool itself) const;
  /// A number that rises with each list of the members that somebody is shown.
  [[nodiscard]] std::uint64_t pages(const Namespace& ns) const;
  /// Creates a room with its first member. Null: the name is in use.
  Namespace* create_room(std::string_view name, const Joiner& creator, const RoomChange& change);
  /// Ends a membership and announces `peer_left`; null: nobody is told. `others_know`: other nodes
  /// have told their members. `now`: a room whose last member this was may live on; nullopt: it
  /// ends here in any case, for it is the broker that knows whether it lives on.
  LeaveResult leave(Namespace& ns, std::uint64_t joined, const Fingerprint& peer,
                    const FrameRef& announcement, bool others_know = false,
                    std::optional<Time> now = std::nullopt);
  /// A peer that others of the namespace may send to, and who may send to them, but that nothing is
  /// told, and of which nothing is shown: it counts, and takes no memory here. Creates the
  /// namespace at need. Null: it is a room, or has `max_size` peers.
  Namespace* enter_unlisted(std::string_view name, const Fingerprint& peer, std::size_t max_size);
  /// The end of that. `name`: as it was entered.
  void leave_unlisted(std::string_view name, const Fingerprint& peer);
  /// Ends rooms that have waited for members in vain, a number of them at a time, and says which
  /// (without a lock). Returns when the next one ends, maybe at once.
  std::optional<Time> end_empty(Time now,
                                const std::function<void(const std::string&)>& ended = {});
  /// Rooms that may wait at one time; those that do so already go on.
  void use_max_empty_rooms(std::size_t most) { max_empty_rooms_ = most; }
  /// Makes the change that a room's policy decided, if the room is still at `version`. False: it
  /// has changed, or is gone.
  bool commit_room(std::string_view name, std::uint64_t version, const RoomChange& change);
  /// Makes the posts, and ends the room: from now on the name is free, and its members hear nothing
  /// more of it. Their sessions still have it in their books, and leave() it like any other.
  /// `version`: only if the room is still at it. Nullopt: it has changed, or is gone.
  std::optional<std::vector<ClosedMember>> close_room(std::string_view name,
                                                      std::optional<std::uint64_t> version,
                                                      const std::vector<RoomPost>& posts);

  /// Announces a member of another node. One that is still a member here too, because its newer
  /// registration elsewhere is quicker than the end of its older one, has `left` announced before.
  void announce_joined(std::string_view name, const Fingerprint& peer, const FrameRef& joined,
                       const FrameRef& left);
  /// The peer is a member of the cluster no more, or of another node; its end here is on its way.
  /// Announces it now: who joins from now on need not hear of it. Null: nobody is told.
  void announce_departed(std::string_view name, const Fingerprint& peer, const FrameRef& left);
  /// Announces that a member of another node has left, but not to those in `told`.
  void announce_left(std::string_view name, const FrameRef& left,
                     std::span<const Fingerprint> told = {});
  /// Whether somebody is to be shown the members elsewhere.
  [[nodiscard]] bool has_lone_members(std::string_view name) const;
  /// Sends `joined` to the members that joined alone, and `away` to those of them who watch
  /// presence. From then on they hear news from other nodes like all members.
  void show_members(std::string_view name, const std::vector<FrameRef>& joined,
                    const std::vector<FrameRef>& away = {});
  /// Makes a change of a room that its nodes have agreed on.
  void apply_to_room(std::string_view name, const RoomChange& change);

  /// The namespace of that name, for comparing (NamespaceSet); null: none.
  [[nodiscard]] const Namespace* find(std::string_view name) const;
  /// Nullopt: there is no such namespace here, or it is no room.
  [[nodiscard]] std::optional<RoomSnapshot> room(std::string_view name) const;
  /// Members after `after` (from the start when that peer is no member), in join order.
  [[nodiscard]] PeerPage list(std::string_view name, const std::optional<Fingerprint>& after,
                              PageLimit limit) const;
  /// The page that a broker has made of all nodes, without the members of this node that have left
  /// since.
  [[nodiscard]] PeerPage list(std::string_view name, const sdk::MemberPage& page,
                              PageLimit limit) const;
  /// The peer objects of some members, in the order asked for; empty for who is none.
  [[nodiscard]] std::vector<std::string> objects(std::string_view name,
                                                 const std::vector<Fingerprint>& peers) const;
  /// The same behind `out`, with commas between them; who is no member is left out.
  void append_objects(FrameBuilder& out, std::string_view name,
                      const std::vector<Fingerprint>& peers) const;
  /// The same without a look-up. `ns` has members; of one that is closed those count whom its name
  /// leads to.
  void append_objects(FrameBuilder& out, const Namespace& ns,
                      const std::vector<Fingerprint>& peers) const;
  /// Members but those in `except`, and muted ones, by loop. `told` gets those on the move, whom no
  /// other node needs to tell; null: another node says it, and who comes has heard it there.
  [[nodiscard]] std::vector<std::vector<SessionRef>> recipients(
      std::string_view name, const std::vector<SessionRef>& except,
      std::vector<Fingerprint>* told = nullptr) const;

  /// At most `limit` members behind `after`, in the order of comes_before(). The shard is locked
  /// for a walk through the members.
  [[nodiscard]] std::vector<PeerPlace> page_of_members(std::string_view name,
                                                       const std::optional<Fingerprint>& after,
                                                       std::size_t limit) const;
  /// At most `limit` namespaces, or rooms, with names behind `after`, in the order of their bytes.
  /// Walks through all names, one shard after the other.
  [[nodiscard]] std::vector<NamespaceFacts> page_of_names(bool rooms, std::string_view after,
                                                          std::size_t limit) const;
  /// How many there are, without a copy of their names. The shards are locked one after the other.
  struct Counts {
    std::size_t namespaces = 0;  ///< that are no rooms
    std::size_t rooms = 0;
  };
  [[nodiscard]] Counts count() const;
  /// Nullopt: there is no such room here.
  [[nodiscard]] std::optional<NamespaceFacts> room_facts(std::string_view name) const;
  /// Public rooms behind the place `after`, at most `limit`.
  [[nodiscard]] RoomPage page_of_rooms(std::uint64_t after, std::size_t limit) const;
  /// Rooms that wait for members.
  [[nodiscard]] std::size_t empty_rooms() const { return rooms_.empty(); }

  /// Calls `visit(name, members, is_room)` for each, without a lock. The shards are copied one
  /// after the other, so the whole is not the state of one moment.
  void visit(const std::function<void(const std::string&, std::size_t, bool)>& visit) const;

 private:
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<std::string_view, std::unique_ptr<Namespace>> by_name PEER_GUARDED_BY(mutex);
    std::vector<std::unique_ptr<Namespace>> closed PEER_GUARDED_BY(mutex);
  };

  [[nodiscard]] Shard& shard_of(std::string_view name) const;
  [[nodiscard]] Shard& shard_of(const Namespace& ns) const;
  [[nodiscard]] static Namespace* find_in(Shard& shard, std::string_view name)
      PEER_REQUIRES(shard.mutex);
  static Namespace& create_in(Shard& shard, std::string_view name) PEER_REQUIRES(shard.mutex);
  void drop_in(Shard& shard, Namespace& ns) PEER_REQUIRES(shard.mutex);
  /// Makes a namespace that room, or the room this one.
  void use_room(Namespace& ns, const Room& room);
  std::uint64_t add(Namespace& ns, const Joiner& joiner);
  void set_watches(Namespace& ns, Member& member, Watches watches);
  void set_move(Namespace& ns, Member& member, Member::Move move);
  /// The end of a move: it is a member here like the others, of the room as it is by now.
  void stay(Namespace& ns, Member& member, const std::optional<Room>& room);
  void depart(Namespace& ns, const Fingerprint& peer, const FrameRef& left);
  [[nodiscard]] PeerPage shared_page(const Namespace* ns, const sdk::MemberPage& page,
                                     PageLimit limit) const;
  void post_to_room(const Namespace& ns, const std::vector<RoomPost>& posts);
  /// What all nodes hear in one order, so not to those who are coming.
  void post_to_members(const Namespace& ns, const FrameRef& frame);
  /// What this node's members are told here, and others by the broker.
  void post_own_news(const Namespace& ns, const FrameRef& frame);
  /// But not to those who joined alone, or are coming.
  void post_news_from_elsewhere(const Namespace& ns, const FrameRef& frame,
                                std::span<const Fingerprint> told);
  enum class Rest : std::uint8_t {
    kMembers,
    kWaits,  ///< a room without members
    kGone,   ///< so is the namespace
  };
  /// Takes it out. `now`: as for leave().
  Rest erase_in(Shard& shard, Namespace& ns, Member& member, std::optional<Time> now)
      PEER_REQUIRES(shard.mutex);
  template <typename Predicate>
  void post_to(const Namespace& ns, const FrameRef& frame, Predicate is_meant);

  const std::uint32_t mask_;
  const std::size_t loops_;
  PeerDirectory& peers_;
  const Post post_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<std::uint32_t> meta_watchers_{0};  // memberships that watch `meta`
  std::atomic<std::uint32_t> coming_{0};         // memberships of peers who are coming
  std::atomic<std::size_t> max_empty_rooms_{0};
  RoomIndex rooms_;
};

}  // namespace peer
