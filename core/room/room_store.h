#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "core/base/unique_task.h"
#include "core/hub/namespace_directory.h"
#include "core/protocol/events.h"
#include "core/room/room_task.h"

/// Where rooms are read and changed, and namespaces entered and left: this node's own directory, or
/// what all nodes share.
namespace peer {

/// How many members the answer to a join lists.
inline constexpr std::uint32_t kJoinPage = 50;

/// What a peer is told when what the nodes share has no room for it, with 503.
inline constexpr const char* kClusterFullMessage = "cluster full";

/// Has `events` tell that a room has been created, or closed, if that is wanted; null: nobody does.
/// `more`: further members of the event's JSON, each after a comma.
void tell_room(Events* events, std::string_view room, std::string_view change, sdk::Instant now,
               std::string_view more = {});

/// As others of the namespace hear of the task's newcomer. `alone`: Member::alone; where nobody
/// hears of anybody, there is nothing to be shown later.
[[nodiscard]] Joiner joiner_of(const RoomTask& task, bool alone);
/// What the newcomer's list of members may hold: that of a room holds them all.
[[nodiscard]] PageLimit page_limit(const RoomTask& task);
/// A peer that comes into a quiet namespace is told how many are there, and shown itself.
void show_alone(const Newcomer& newcomer, PeerPage& page);

/// A room as it was read.
struct RoomView {
  std::optional<RoomSnapshot> room;
  bool known = true;  ///< false: it is this node's view of a room that others may have changed
};

/// What became of a change, or of a join.
struct RoomOutcome {
  enum class Status : std::uint8_t {
    kDone,
    kConflict,     ///< the room is not what the decision was based on: nothing done
    kIsRoom,       ///< the namespace to be joined is a room: nothing done
    kFull,         ///< the namespace is: nothing done
    kExists,       ///< the room to be created: nothing done
    kGone,         ///< there is no such room
    kNotMember,    ///< the kicked one is no member: nothing done
    kClusterFull,  ///< what the nodes share has no room for the newcomer: nothing done
    kUnavailable,  ///< nobody can know: to be asked again, of the node's own truth
  };

  Status status = Status::kUnavailable;
  std::uint64_t version = 0;  ///< of the room now
  JoinResult joined{};
  bool told_by_broker = false;
  /// Members here of a room that has ended: their sessions are to let go of it. With a broker they
  /// are told by the news of the change.
  std::vector<ClosedMember> closed{};
};

/// Answers go to a function, with the task, on the task's loop: at once, or later. A newcomer that
/// has gone before the answer gets none.
///
/// Thread-safe; each task on its own loop.
class RoomStore {
 public:
  using OnPage = UniqueTask<void(RoomPage&& page), 6>;
  using OnView = void (*)(RoomTask&& task, RoomView&& view);
  using OnOutcome = void (*)(RoomTask&& task, RoomOutcome&& outcome);

  virtual ~RoomStore() = default;
  /// The room that the question names, as a policy is to see it.
  virtual void read(RoomTask&& task, OnView then) = 0;
  /// Makes `task.change`, if the room is still at `task.based_on`.
  virtual void commit(RoomTask&& task, OnOutcome then) = 0;
  /// Lets the newcomer in, with `task.change` where it comes into a room.
  virtual void join(RoomTask&& task, OnOutcome then) = 0;
  /// A join came to nothing, though it may be known elsewhere.
  virtual void withdraw(std::string_view ns, const sdk::Registered& peer) = 0;
  enum class Left : std::uint8_t {
    kNothing,  ///< follows
    kSettle,   ///< it was in a room, whose policy is to be asked
    kWaits,    ///< it was the last one of a room, which waits: end_empty() is to be called
  };
  /// Ends a membership, and announces it. `others_know`: other nodes have told their members.
  virtual Left leave(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
                     const FrameRef& announcement, bool others_know, Time now) = 0;
  /// Ends rooms that have waited in vain. Returns when the next one ends; nullopt: none waits here.
  virtual std::optional<Time> end_empty(Time now) = 0;
  /// Public rooms behind the place `after`, `limit` at most, on `loop`, whose thread this is.
  virtual void list(EventLoop& loop, std::uint64_t after, std::uint32_t limit, OnPage then) = 0;
  /// Others see another object of a member from now on; nobody is told.
  virtual void refresh(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
                       std::string_view object) = 0;
  /// A member wants to hear this of the others from now on.
  virtual void watch(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
                     Watches watches) = 0;
  /// Rooms that may wait for members at one time, on all nodes that share them (`max_empty_rooms`).
  virtual void use_max_empty_rooms(std::uint32_t most) = 0;
};

}  // namespace peer
