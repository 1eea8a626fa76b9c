#include <peer/sdk/contract/broker_contract.h>

#include "tests/integration/cluster/redis_process.h"

// broker_redis keeps the contract of brokers, and that of those whose nodes know each other.
namespace peer::sdk::contract {
namespace {

BrokerCase case_of(const char* file) {
  static const test::RedisProcess redis;
  static int clusters = 0;
  return {.plugin = {file,
                     {{"addr", "127.0.0.1:" + std::to_string(redis.port())},
                      {"prefix", "cluster" + std::to_string(++clusters)}}}};
}
BrokerCase redis_case() { return case_of(PEER_PLUGIN_DIR "/broker_redis.so"); }
BrokerCase parts_case() { return case_of(PEER_TEST_BROKER_IN_PARTS); }

INSTANTIATE_TEST_SUITE_P(Redis, PluginContract, testing::Values(redis_case().plugin));
INSTANTIATE_TEST_SUITE_P(Redis, BrokerContract, testing::Values(redis_case()));
INSTANTIATE_TEST_SUITE_P(Redis, SharedBrokerContract, testing::Values(redis_case()));
INSTANTIATE_TEST_SUITE_P(Parts, BrokerContract, testing::Values(parts_case()));
INSTANTIATE_TEST_SUITE_P(Parts, SharedBrokerContract, testing::Values(parts_case()));

}  // namespace
}  // namespace peer::sdk::contract
