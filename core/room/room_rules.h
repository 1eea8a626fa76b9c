#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/room_policy.h>

#include "core/hub/namespace_directory.h"
#include "core/plugin/plugin_calls.h"

namespace peer {

/// What a room policy decided, after the core's own checks.
struct RoomVerdict {
  bool failed = false;  ///< the policy threw, or its decision makes no sense: 500
  std::optional<sdk::RoomRefusal> refusal;
  Room room;  ///< what the room becomes
  std::vector<sdk::RoomMessage> messages;
  milliseconds wake_after{0};
};

/// Asks the policy, and believes it only as far as it makes sense: the owner is a member or on its
/// way in, the size is at least one, the state at most 64 KiB. Messages that are not JSON, or not
/// of a legal type, are dropped and logged; the rest of the decision counts.
/// Thread-safe; no lock is held.
[[nodiscard]] RoomVerdict judge(const sdk::RoomPolicy& policy, PluginCalls& calls,
                                std::string_view room_id, const RoomSnapshot& snapshot,
                                const sdk::RoomRequest& request);

}  // namespace peer
