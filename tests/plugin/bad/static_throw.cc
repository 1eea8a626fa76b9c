#include <stdexcept>

#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

namespace {

struct Unlucky {
  Unlucky() { throw std::runtime_error("no disk"); }
};
const Unlucky kUnlucky;

peer::sdk::Result<std::unique_ptr<peer::sdk::RoomPolicy>> make_none(peer::sdk::PluginConfig&) {
  return peer::sdk::Error{"never asked"};
}

}  // namespace

PEER_PLUGIN(peer::sdk::RoomPolicy, BAD_NAME, "1.0.0", make_none)
