#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

// Not made with PEER_PLUGIN, whose create() catches: this one lets an exception out.
extern "C" __attribute__((visibility("default"))) const PeerPluginDescriptor peer_plugin_descriptor;
const PeerPluginDescriptor peer_plugin_descriptor = {
    sizeof(PeerPluginDescriptor),
    peer::sdk::RoomPolicy::kApiVersion,
    peer::sdk::RoomPolicy::kKind,
    PEER_SDK_ABI_TAG,
    BAD_NAME,
    "1.0.0",
    nullptr,
    PEER_SDK_REVISION,
    [](peer::sdk::PluginConfig*, peer::sdk::PluginHost*, std::string*) -> void* { throw 42; }};
