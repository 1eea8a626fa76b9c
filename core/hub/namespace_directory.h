#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/hub/peer_directory.h"
#include "core/hub/peer_page.h"
#include "core/net/event_loop.h"

namespace peer {

/// One peer in one namespace.
struct Member {
  ConnectionRef where;
  std::uint64_t joined = 0;  ///< rises with each join into the namespace
  Fingerprint peer;
  std::string object;     ///< the peer object (docs/protocol.md, "Identity") as JSON
  bool departed = false;  ///< its going has been announced: it is a member elsewhere now
  /// It joined by the node's own truth: of members elsewhere it hears nothing until show_members().
  bool alone = false;
};

/// What makes a namespace a room (docs/protocol.md, "Rooms"). `state` belongs to the room policy.
struct Room {
  Fingerprint owner;
  std::uint32_t max_size = 0;
  std::string state;
};

/// A namespace with members; it lives exactly as long as it has some. Guarded by its shard's lock,
/// but for `name`, which never changes: its members may read that any time.
struct Namespace {
  explicit Namespace(std::string_view its_name) : name(its_name) {}

  const std::string name;
  std::vector<Member> members;  ///< in join order
  std::uint64_t next_join = 1;
  std::unique_ptr<Room> room;
  std::uint64_t version = 0;  ///< of a room: rises with every change that its policy can see
};

/// A frame for one member of a room, or for all of them.
struct RoomPost {
  std::optional<Fingerprint> to;
  FrameRef frame;
};

/// What a policy's decision makes of a room. The posts are made, in this order, together with the
/// change: members hear of decisions in the order that these were made in.
struct RoomChange {
  Room room;
  std::vector<RoomPost> posts;
};

/// A copy of a room, for its policy.
struct RoomSnapshot {
  const Namespace* ns = nullptr;
  Room room;
  std::uint64_t version = 0;
  std::vector<Fingerprint> members;
};

enum class JoinStatus : std::uint8_t {
  kJoined,
  kRefreshed,  ///< a member already: its peer object was replaced
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
  ConnectionRef where;
  Fingerprint peer;
  std::string_view object;
  FrameRef announcement;  ///< `peer_joined`, for the other members
  bool alone = false;     ///< Member::alone
};

/// What is left of a namespace that a member has left.
struct LeaveResult {
  bool was_room = false;
  std::optional<RoomSnapshot> room;  ///< of a room that still has members here
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
  using Post = std::function<void(std::size_t loop, Delivery delivery)>;

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
  /// Replaces a member's peer object, silently.
  void refresh(Namespace& ns, std::uint64_t joined, std::string_view object);
  /// Creates a room with its first member. Null: the name is in use.
  Namespace* create_room(std::string_view name, const Joiner& creator, const RoomChange& change);
  /// Ends a membership and announces `peer_left`.
  LeaveResult leave(Namespace& ns, std::uint64_t joined, const Fingerprint& peer,
                    const FrameRef& announcement);
  /// Makes the change that a room's policy decided, if the room is still at `version`. False: it
  /// has changed, or is gone.
  bool commit_room(std::string_view name, std::uint64_t version, const RoomChange& change);

  /// Announces a member of another node. One that is still a member here too, because its newer
  /// registration elsewhere is quicker than the end of its older one, has `left` announced before.
  void announce_joined(std::string_view name, const Fingerprint& peer, const FrameRef& joined,
                       const FrameRef& left);
  /// The peer is a member of the cluster no more, or of another node; its end here is on its way.
  /// Announces it now: who joins from now on need not hear of it.
  void announce_departed(std::string_view name, const Fingerprint& peer, const FrameRef& left);
  /// Announces that a member of another node has left.
  void announce_left(std::string_view name, const FrameRef& left);
  /// Whether somebody is to be shown the members elsewhere.
  [[nodiscard]] bool has_lone_members(std::string_view name) const;
  /// Tells those who joined alone of the members elsewhere; what follows they hear as the others
  /// do.
  void show_members(std::string_view name, const std::vector<FrameRef>& joined);
  /// Makes a change of a room that its nodes have agreed on.
  void apply_to_room(std::string_view name, const RoomChange& change);

  /// The namespace of that name, for comparing (NamespaceSet); null: none.
  [[nodiscard]] const Namespace* find(std::string_view name) const;
  [[nodiscard]] std::optional<RoomSnapshot> room(std::string_view name) const;
  /// Members after `after` (from the start when that peer is no member), in join order.
  [[nodiscard]] PeerPage list(std::string_view name, const std::optional<Fingerprint>& after,
                              PageLimit limit) const;
  /// What a broker says of all nodes, as of now: those who have left this node meanwhile are out.
  [[nodiscard]] PeerPage list(std::string_view name, const sdk::MemberPage& page,
                              PageLimit limit) const;
  /// The peer objects of some members, in the order asked for; empty for who is none.
  [[nodiscard]] std::vector<std::string> objects(std::string_view name,
                                                 const std::vector<Fingerprint>& peers) const;
  /// Members but those in `except`, by loop.
  [[nodiscard]] std::vector<std::vector<ConnectionRef>> recipients(
      std::string_view name, const std::vector<ConnectionRef>& except) const;

  /// Calls `visit(name, members, is_room)` for each; a copy of each shard is made first.
  void visit(const std::function<void(const std::string&, std::size_t, bool)>& visit) const;

 private:
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<std::string_view, std::unique_ptr<Namespace>> by_name PEER_GUARDED_BY(mutex);
  };

  [[nodiscard]] Shard& shard_of(std::string_view name) const;
  [[nodiscard]] static Namespace* find_in(Shard& shard, std::string_view name)
      PEER_REQUIRES(shard.mutex);
  static Namespace& create_in(Shard& shard, std::string_view name) PEER_REQUIRES(shard.mutex);
  std::uint64_t add(Namespace& ns, const Joiner& joiner);
  void depart(Namespace& ns, const Fingerprint& peer, const FrameRef& left);
  [[nodiscard]] PeerPage shared_page(const Namespace* ns, const sdk::MemberPage& page,
                                     PageLimit limit) const;
  void post_to_room(const Namespace& ns, const std::vector<RoomPost>& posts);
  void post_to_members(const Namespace& ns, const FrameRef& frame);
  /// But not to those who joined alone.
  void post_news_from_elsewhere(const Namespace& ns, const FrameRef& frame);
  template <typename Predicate>
  void post_to(const Namespace& ns, const FrameRef& frame, Predicate is_meant);

  const std::uint32_t mask_;
  const std::size_t loops_;
  PeerDirectory& peers_;
  const Post post_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace peer
