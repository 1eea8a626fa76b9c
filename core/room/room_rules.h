#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/room_policy.h>

#include "core/hub/namespace.h"
#include "core/plugin/by_namespace.h"

namespace peer {

/// The decision of a room policy, after the core's own checks.
struct RoomVerdict {
  bool failed = false;  ///< the policy threw, or its decision makes no sense: 500
  std::optional<sdk::RoomRefusal> refusal;
  Room room;  ///< what the room becomes
  std::vector<sdk::RoomMessage> messages;
  milliseconds wake_after{0};
  sdk::RoomOrders orders{};
};

/// Asks the policy, and believes it only as far as it makes sense: the owner is a member or on its
/// way in, the size is at least one, the state at most 64 KiB. Messages that are not JSON, or not
/// of a legal type, are dropped and logged; the rest of the decision counts.
/// Thread-safe; no lock is held.
[[nodiscard]] RoomVerdict judge(const Served<sdk::RoomPolicy>& by, std::string_view room_id,
                                const RoomSnapshot& snapshot, const sdk::RoomRequest& request);
/// What the policy has against the fields of a request, whatever the room may be (400). What throws
/// refuses nothing: the decision will throw too.
[[nodiscard]] std::optional<sdk::RoomRefusal> check(const Served<sdk::RoomPolicy>& by,
                                                    const sdk::RoomRequest& request);
/// What follows from a room as it is, for its store: whether it is public, and how long it waits
/// for members. `room` has all else already. Asks only a policy whose traits say that there is such
/// a room.
void add_consequences(const Served<sdk::RoomPolicy>& by, const sdk::RoomTraits& traits,
                      std::string_view room_id, Room& room);
/// What a public room looks like to one peer: further members, each with a comma before it;
/// nullopt: it is not for that peer.
[[nodiscard]] std::optional<std::string> entry_of(const Served<sdk::RoomPolicy>& by,
                                                  std::string_view room_id, const Room& room,
                                                  const sdk::RoomViewer& viewer);
/// What members are to hear of a change of their room (`room_updated`).
struct RoomNews {
  bool changed = false;
  std::string members;  ///< beside the usual ones: `,"locked":true`
};
[[nodiscard]] RoomNews news_of(const Served<sdk::RoomPolicy>& by, std::string_view room_id,
                               const RoomSnapshot& before, const Room& after);

}  // namespace peer
