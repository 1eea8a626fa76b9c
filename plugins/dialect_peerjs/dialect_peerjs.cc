#include <memory>

#include <peer/sdk/dialect.h>
#include <peer/sdk/plugin.h>

#include "peerjs_dialect.h"

namespace {

peer::sdk::Result<std::unique_ptr<peer::sdk::Dialect>> make_peerjs(
    peer::sdk::PluginConfig& config) {
  return std::make_unique<peer_peerjs::PeerJsDialect>(peer_peerjs::read_options(config));
}

}  // namespace

PEER_PLUGIN(peer::sdk::Dialect, "peerjs", "1.0.0", make_peerjs)
