#include <memory>

#include <peer/sdk/broker.h>
#include <peer/sdk/host.h>
#include <peer/sdk/plugin.h>

#include "options.h"
#include "redis_broker.h"

namespace {

peer::sdk::Result<std::unique_ptr<peer::sdk::Broker>> make_redis(peer::sdk::PluginConfig& config,
                                                                 peer::sdk::PluginHost& host) {
  return std::unique_ptr<peer::sdk::Broker>(
      std::make_unique<peer_redis::RedisBroker>(peer_redis::read_options(config), host));
}

}  // namespace

PEER_PLUGIN(peer::sdk::Broker, "redis", "1.0.0", make_redis)
