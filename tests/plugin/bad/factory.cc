#include <cstdlib>
#include <memory>
#include <stdexcept>

#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

namespace {

using Made = peer::sdk::Result<std::unique_ptr<peer::sdk::RoomPolicy>>;

// CMakeLists.txt says how this factory fails: BAD_FACTORY is its body.
Made make_bad([[maybe_unused]] peer::sdk::PluginConfig& config) { BAD_FACTORY; }

}  // namespace

PEER_PLUGIN(peer::sdk::RoomPolicy, BAD_NAME, "1.0.0", make_bad)
