#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/room_policy.h>

#include "options.h"
#include "room_state.h"

namespace peer_managed {

/// Rooms that their owners manage: who may come in and who not, who owns them, when they end
/// (docs/protocol.md, "C.8 Managed rooms"). All that it knows of a room is in the room's state, so
/// that every node of a cluster decides alike. Thread-safe: nothing but the options is kept here.
/// Where it cannot read a state, it throws, and the request fails.
class ManagedRooms final : public peer::sdk::RoomPolicy {
 public:
  explicit ManagedRooms(Options options) : options_(options) {}

  [[nodiscard]] std::vector<std::string> message_types() const override;
  void traits(peer::sdk::RoomTraits& traits) const override;
  [[nodiscard]] std::optional<peer::sdk::RoomRefusal> check(
      const peer::sdk::RoomRequest& request) const override;
  /// Of a core that knows no orders; there is none.
  [[nodiscard]] peer::sdk::RoomDecision decide(
      const peer::sdk::RoomView& room, const peer::sdk::RoomRequest& request) const override;
  [[nodiscard]] peer::sdk::RoomDecision decide_and_order(
      const peer::sdk::RoomView& room, const peer::sdk::RoomRequest& request,
      peer::sdk::RoomOrders& orders) const override;
  void describe(const peer::sdk::RoomView& room,
                peer::sdk::RoomDescription& description) const override;
  void list(const peer::sdk::RoomView& room, const peer::sdk::RoomViewer& viewer,
            peer::sdk::RoomEntry& entry) const override;

 private:
  const Options options_;
};

}  // namespace peer_managed
