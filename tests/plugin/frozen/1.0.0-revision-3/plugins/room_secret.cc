// Rooms that want a secret: create_room {room_id, secret}, join_room {room_id, secret}. Nobody is
// kicked. The secret is the room's state.
//
//   room_policy: {name: secret, options: {size: 10}}

#include <algorithm>
#include <memory>

#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

using namespace peer::sdk;

namespace {

class SecretRooms final : public RoomPolicy {
 public:
  explicit SecretRooms(std::uint32_t size) : size_(size) {}

  RoomDecision decide(const RoomView& room, const RoomRequest& request) const override {
    RoomDecision decision{.refusal = {},
                          .owner = room.owner,
                          .max_size = size_,
                          .state = std::string(room.state),
                          .messages = {}};
    const Value* field = request.fields.find("secret");
    const std::string* secret = field == nullptr ? nullptr : field->as_string();

    if (request.action == RoomAction::kCreate) {
      if (secret == nullptr) decision.refusal = {400, "secret required"};
      if (secret != nullptr) decision.state = *secret;
      decision.owner = request.actor;
    } else if (request.action == RoomAction::kJoin) {
      if (room.members.size() >= size_) decision.refusal = {429, "room full"};
      if (secret == nullptr || *secret != room.state) decision.refusal = {403, "wrong secret"};
    } else if (request.action == RoomAction::kLeave && request.actor == room.owner) {
      const auto heir = std::find_if(room.members.begin(), room.members.end(),
                                     [&](const auto& member) { return member != request.actor; });
      if (heir != room.members.end()) decision.owner = *heir;
    } else if (request.action == RoomAction::kKick) {
      decision.refusal = {403, "nobody is kicked here"};
    }
    return decision;
  }

 private:
  const std::uint32_t size_;
};

Result<std::unique_ptr<RoomPolicy>> make_secret(PluginConfig& config) {
  const auto size = static_cast<std::uint32_t>(config.integer("size", 20, 1, 1000));
  return std::make_unique<SecretRooms>(size);
}

}  // namespace

PEER_PLUGIN(peer::sdk::RoomPolicy, "secret", "1.0.0", make_secret)
