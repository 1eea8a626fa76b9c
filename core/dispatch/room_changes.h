#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/broker_types.h>
#include <peer/sdk/room_policy.h>

#include "core/base/unique_task.h"
#include "core/dispatch/node.h"
#include "core/hub/namespace_directory.h"
#include "core/room/room_rules.h"

/// Every change of a room is the same dance: read the room, ask its policy, commit if the room is
/// still what was read, else again. The policy is pure, so asking it twice does no harm; and no
/// lock is held while a plugin thinks. A room is read and committed through the broker, or in the
/// node's own directory when there are no other nodes or they cannot be reached.
namespace peer {

/// So often is the dance danced with a room that others change all the time.
inline constexpr int kMaxRoomAttempts = 64;

/// Of who is not served although the room was there each time.
[[nodiscard]] inline sdk::RoomRefusal room_busy() { return {429, "room busy"}; }

/// What a policy is asked about a room that exists. Outlives the message that it came with.
struct RoomQuestion {
  std::string name;
  sdk::RoomAction action = sdk::RoomAction::kLeave;
  Fingerprint actor{};
  Fingerprint target{};
  std::string message_type{};
  sdk::Value fields{sdk::Value::Object()};
  /// Only if the room is at this version still (kTimer).
  std::optional<std::uint64_t> version{};
};

/// What has become of it.
struct RoomAnswer {
  std::optional<RoomVerdict> verdict;  ///< nullopt: the room is gone
  bool shared = false;  ///< committed through the broker, who tells the nodes (and kicks)
};

/// Asks and commits, then calls `done` on `loop`, whose thread this is: at once when the broker is
/// not needed. `loop`, too, hears when the policy wants to be woken.
void change_room(Node& node, EventLoop& loop, RoomQuestion question,
                 UniqueTask<void(const RoomAnswer&)> done);

/// A verdict as the directory takes it: `room_updated` if it changes what members know (`before`:
/// null for a new room), then what the policy wants said.
[[nodiscard]] RoomChange change_of(const std::string& name, const RoomVerdict& verdict,
                                   const Room* before, sdk::Instant now);
/// The same as the broker takes it; `version`: that the verdict is based on.
[[nodiscard]] sdk::RoomCommit commit_of(const RoomChange& change, std::uint64_t version);
/// What is known of a room: what the broker has read, or where it cannot know, the node's own
/// directory. A change of that is still put before the broker, which remembers it for later.
[[nodiscard]] std::optional<RoomSnapshot> believe(Node& node, std::string_view name,
                                                  const sdk::RoomReading& reading);
/// After a change has been made: `version` is what the room is at now. Wakes the policy in time.
void finish_change(Node& node, EventLoop& loop, const std::string& name, milliseconds wake_after,
                   std::uint64_t version);

/// Answers for a verdict that is no consent; returns whether it was one.
bool consented(Connection& connection, std::string_view id,
               const std::optional<RoomVerdict>& verdict);

}  // namespace peer
