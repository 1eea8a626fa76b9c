#include <memory>

#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

/// Outside of an unnamed namespace, and built with everything visible.
class VisibleRooms final : public peer::sdk::RoomPolicy {
 public:
  [[nodiscard]] peer::sdk::RoomDecision decide(
      const peer::sdk::RoomView& room, const peer::sdk::RoomRequest& request) const override;
};

peer::sdk::RoomDecision VisibleRooms::decide(const peer::sdk::RoomView&,
                                             const peer::sdk::RoomRequest& request) const {
  return {.refusal = {}, .owner = request.actor, .max_size = 1, .state = {}, .messages = {}};
}

static peer::sdk::Result<std::unique_ptr<peer::sdk::RoomPolicy>> make_visible(
    peer::sdk::PluginConfig&) {
  return std::make_unique<VisibleRooms>();
}

PEER_PLUGIN(peer::sdk::RoomPolicy, BAD_NAME, "1.0.0", make_visible)
