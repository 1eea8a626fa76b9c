#include <memory>

#include <peer/sdk/plugin.h>

#include "managed_rooms.h"

// The entry point: options in, the policy out.
namespace {

peer::sdk::Result<std::unique_ptr<peer::sdk::RoomPolicy>> make_managed(
    peer::sdk::PluginConfig& config) {
  return std::make_unique<peer_managed::ManagedRooms>(peer_managed::read_options(config));
}

}  // namespace

PEER_PLUGIN(peer::sdk::RoomPolicy, "managed", "1.0.0", make_managed)
