#pragma once

#include <cstdint>
#include <forward_list>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fingerprint.h"
#include "core/base/time.h"
#include "core/base/watches.h"
#include "core/hub/peer_page.h"
#include "core/net/delivery.h"

/// What NamespaceDirectory keeps, and what it is told to make of a room.
namespace peer {

/// One peer in one namespace.
struct Member {
  SessionRef where;
  std::uint64_t joined = 0;  ///< rises with each join into the namespace
  Fingerprint peer;
  KeptObject kept;        ///< the peer object (docs/protocol.md, "Identity")
  bool departed = false;  ///< its going has been announced: it is a member elsewhere now
  /// It joined by the node's own truth: of members elsewhere it hears nothing until show_members().
  bool alone = false;
  /// The peer may not use the namespace any more: it hears nothing of it (docs/protocol.md, "C.3
  /// Authentication").
  bool muted = false;
  Watches watches{};
  bool away = false;  ///< its session is

  [[nodiscard]] ObjectView object() const { return kept.view(peer); }
  /// Its session is on its way to another node, or from one (docs/resume.md, "On another node").
  enum class Move : std::uint8_t {
    kNone,
    /// What members of this node do it hears here; the broker is told so (leave(), recipients()).
    kLeaving,
    /// The same; and what other nodes tell it has heard where it was.
    kComing,
    /// It is a member elsewhere: whatever is done from now on it hears there, and nothing here.
    kLeft,
  } move = Move::kNone;
  /// Whether what all nodes hear is for the peer here.
  [[nodiscard]] bool hears_of_all() const { return move != Move::kComing && move != Move::kLeft; }
};

/// What makes a namespace a room (docs/protocol.md, "Rooms"). `state` belongs to the room policy.
struct Room {
  Fingerprint owner;
  std::uint32_t max_size = 0;
  std::string state;
  bool listed = false;         ///< it is public
  milliseconds keep_empty{0};  ///< so long it lives on without members
};

/// The same where it is kept.
struct KeptRoom : Room {
  std::uint64_t place = 0;  ///< by its creation (RoomIndex)
  Time ends = kNever;       ///< while it has no members
};

/// 32 bits of the hash of a name. They choose its shard, here and in the Matchmaker.
[[nodiscard]] inline std::uint32_t hash_of_name(std::string_view name) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(name));
}

/// A namespace with members; it lives exactly as long as it has some, or peers that are unlisted,
/// but for a room that waits for them (Room::keep_empty). Guarded by its shard's lock, but for
/// `name` and `hash`, which never change: its members may read them any time.
struct Namespace {
  explicit Namespace(std::string_view its_name) : name(its_name), hash(hash_of_name(its_name)) {}

  const std::string name;
  std::vector<Member> members;  ///< in join order
  std::uint64_t next_join = 1;
  std::unique_ptr<KeptRoom> room;
  std::uint64_t version = 0;  ///< of a room: rises with every change that its policy can see
  const std::uint32_t hash;   ///< hash_of_name(name)
  std::uint32_t meta_watchers = 0;
  /// Rises with each list of the members that somebody is shown while others watch their meta.
  /// Under the lock of the shard, like everything here.
  mutable std::uint64_t pages = 0;
  /// Member::joined of those who are, the latest first.
  std::forward_list<std::uint64_t> coming;
  std::uint32_t away = 0;      ///< members
  std::uint32_t departed = 0;  ///< the same: Member::departed
  /// Peers that are in it and no members: see NamespaceDirectory::enter_unlisted().
  std::uint32_t unlisted = 0;
  /// A room that has ended: no name leads here, and nobody is told anything more of it. It lives
  /// until the sessions of its members have let go of it.
  bool closed = false;
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
  /// A member that is put out with it.
  std::optional<Fingerprint> removed{};
  bool closes = false;         ///< the room ends with it
  bool may_be_listed = false;  ///< its policy lists rooms
};

/// A copy of a room, for its policy.
struct RoomSnapshot {
  const Namespace* ns = nullptr;
  Room room;
  std::uint64_t version = 0;
  std::vector<Fingerprint> members;
};

}  // namespace peer
