#include <peer/sdk/contract/broker_contract.h>

#include "tests/integration/cluster/redis_process.h"

// broker_redis keeps the contract of brokers, and that of those whose nodes know each other.
namespace peer::sdk::contract {
namespace {

BrokerCase redis_case() {
  static const test::RedisProcess redis;
  return {.plugin = {PEER_PLUGIN_DIR "/broker_redis.so",
                     {{"addr", "127.0.0.1:" + std::to_string(redis.port())}}}};
}

INSTANTIATE_TEST_SUITE_P(Redis, PluginContract, testing::Values(redis_case().plugin));
INSTANTIATE_TEST_SUITE_P(Redis, BrokerContract, testing::Values(redis_case()));
INSTANTIATE_TEST_SUITE_P(Redis, SharedBrokerContract, testing::Values(redis_case()));

}  // namespace
}  // namespace peer::sdk::contract
