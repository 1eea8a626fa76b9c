#include <unistd.h>

#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

namespace {

struct Waiting {
  Waiting() {
    for (;;) ::pause();
  }
};
const Waiting kWaiting;

peer::sdk::Result<std::unique_ptr<peer::sdk::RoomPolicy>> make_none(peer::sdk::PluginConfig&) {
  return peer::sdk::Error{"never asked"};
}

}  // namespace

PEER_PLUGIN(peer::sdk::RoomPolicy, BAD_NAME, "1.0.0", make_none)
