#include <cstdlib>

#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

// A descriptor by hand, of which CMakeLists.txt gets one field wrong each time. Its create() ends
// the process: a refused plugin must not be called.
#ifndef BAD_SIZE
#define BAD_SIZE sizeof(PeerPluginDescriptor)
#endif
#ifndef BAD_API
#define BAD_API peer::sdk::RoomPolicy::kApiVersion
#endif
#ifndef BAD_KIND
#define BAD_KIND peer::sdk::RoomPolicy::kKind
#endif
#ifndef BAD_ABI
#define BAD_ABI PEER_SDK_ABI_TAG
#endif
#ifndef BAD_REVISION
#define BAD_REVISION PEER_SDK_REVISION
#endif
#ifndef BAD_VERSION
#define BAD_VERSION "1.0.0"
#endif

extern "C" __attribute__((visibility("default"))) const PeerPluginDescriptor peer_plugin_descriptor;
const PeerPluginDescriptor peer_plugin_descriptor = {
    BAD_SIZE,
    BAD_API,
    BAD_KIND,
    BAD_ABI,
    BAD_NAME,
    BAD_VERSION,
    nullptr,
    BAD_REVISION,
    [](peer::sdk::PluginConfig*, peer::sdk::PluginHost*, std::string*) -> void* { std::abort(); }};
