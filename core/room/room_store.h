#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <peer/sdk/broker.h>
#include <peer/sdk/plugin.h>

#include "core/hub/namespace_directory.h"
#include "core/plugin/plugin_calls.h"
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

/// The local view of this node. All answers come within the call, and nothing is allocated for
/// them.
class OwnRooms final : public RoomStore {
 public:
  /// Whether there may be members on other nodes, of which it knows nothing.
  enum class Elsewhere : std::uint8_t { kNobody, kMayBe };

  /// `events` is told of rooms that end with their last member; null: nobody is.
  OwnRooms(NamespaceDirectory& namespaces, Elsewhere elsewhere, Events* events = nullptr)
      : namespaces_(namespaces), elsewhere_(elsewhere), events_(events) {}

  void read(RoomTask&& task, OnView then) override;
  void commit(RoomTask&& task, OnOutcome then) override;
  void join(RoomTask&& task, OnOutcome then) override;
  void withdraw(std::string_view, const sdk::Registered&) override {}
  Left leave(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
             const FrameRef& announcement, bool others_know, Time now) override;
  std::optional<Time> end_empty(Time now) override;
  void list(EventLoop& loop, std::uint64_t after, std::uint32_t limit, OnPage then) override;
  void refresh(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
               std::string_view object) override;
  void watch(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
             Watches watches) override;
  void use_max_empty_rooms(std::uint32_t most) override { namespaces_.use_max_empty_rooms(most); }

 private:
  /// As join(), whose task it leaves alone.
  RoomOutcome let_in(const RoomTask& task);

  NamespaceDirectory& namespaces_;
  const Elsewhere elsewhere_;
  Events* const events_;
};

/// What all nodes share, which a broker knows. What the broker cannot know is read from the node's
/// own directory; a change of that is still put before the broker, which remembers it for later.
class SharedRooms final : public RoomStore {
 public:
  /// `revision`: of the SDK that the broker was built with.
  SharedRooms(NamespaceDirectory& namespaces, sdk::Broker& broker, PluginCalls& calls,
              std::uint32_t revision = PEER_SDK_REVISION)
      : namespaces_(namespaces),
        own_(namespaces, OwnRooms::Elsewhere::kMayBe),
        broker_(broker),
        calls_(calls),
        revision_(revision) {}

  void read(RoomTask&& task, OnView then) override;
  void commit(RoomTask&& task, OnOutcome then) override;
  void join(RoomTask&& task, OnOutcome then) override;
  void withdraw(std::string_view ns, const sdk::Registered& peer) override;
  Left leave(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
             const FrameRef& announcement, bool others_know, Time now) override;
  std::optional<Time> end_empty(Time now) override;
  void list(EventLoop& loop, std::uint64_t after, std::uint32_t limit, OnPage then) override;
  void refresh(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
               std::string_view object) override;
  void watch(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
             Watches watches) override;
  void use_max_empty_rooms(std::uint32_t most) override { max_empty_rooms_ = most; }

 private:
  using Step = void (SharedRooms::*)(RoomTask&& task, OnOutcome then);

  /// Makes the step when all sessions that come into the namespace now have come.
  void behind_comers(RoomTask&& task, OnOutcome then, Step step);
  void await_comers(std::unique_ptr<RoomTask> task, std::uint64_t last, OnOutcome then, Step step);
  void commit_shared(RoomTask&& task, OnOutcome then);
  void join_shared(RoomTask&& task, OnOutcome then);
  /// The task's change in the broker's words.
  [[nodiscard]] sdk::RoomCommit commit_of(const RoomTask& task) const;
  /// A room that the broker lists out of order ends the page, so that a client comes to an end.
  [[nodiscard]] RoomPage page_of(sdk::RoomPage&& shared, std::uint64_t after, std::uint32_t limit);
  /// Enters a newcomer that the broker has let in into this node's directory. `outcome` has the
  /// hold until then.
  void enter(RoomTask&& task, const sdk::JoinOutcome& outcome, OnOutcome then);
  RoomOutcome::Status status_of(const RoomTask& task, sdk::JoinStatus status);

  NamespaceDirectory& namespaces_;
  OwnRooms own_;
  sdk::Broker& broker_;
  PluginCalls& calls_;
  const std::uint32_t revision_;
  std::atomic<std::uint32_t> max_empty_rooms_{0};
};

}  // namespace peer
