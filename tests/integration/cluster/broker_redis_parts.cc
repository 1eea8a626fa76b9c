// broker_redis with what is shared in three parts, on one Redis, whatever its options say: for
// tests whose servers have none of their own (contract_on_redis, redis_contract_tests).
#include <memory>
#include <utility>

#include <peer/sdk/broker.h>
#include <peer/sdk/host.h>
#include <peer/sdk/plugin.h>

#include "options.h"
#include "redis_broker.h"

namespace {

peer::sdk::Result<std::unique_ptr<peer::sdk::Broker>> make_in_parts(peer::sdk::PluginConfig& config,
                                                                    peer::sdk::PluginHost& host) {
  peer_redis::Options options = peer_redis::read_options(config);
  options.parts = 3;
  return std::unique_ptr<peer::sdk::Broker>(
      std::make_unique<peer_redis::RedisBroker>(std::move(options), host));
}

}  // namespace

PEER_PLUGIN(peer::sdk::Broker, "redis_parts", "1.0.0", make_in_parts)
