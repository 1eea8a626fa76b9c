#include <peer/sdk/contract/broker_contract.h>

namespace peer::sdk::contract {
namespace {

BrokerCase local_case() { return {.plugin = {PEER_PLUGIN_DIR "/broker_local.so", {}}}; }
BrokerCase counting_case() { return {.plugin = {PEER_EXAMPLE_DIR "/broker_counting.so", {}}}; }

INSTANTIATE_TEST_SUITE_P(Local, PluginContract, testing::Values(local_case().plugin));
INSTANTIATE_TEST_SUITE_P(Local, BrokerContract, testing::Values(local_case()));
INSTANTIATE_TEST_SUITE_P(Counting, PluginContract, testing::Values(counting_case().plugin));
INSTANTIATE_TEST_SUITE_P(Counting, BrokerContract, testing::Values(counting_case()));

}  // namespace
}  // namespace peer::sdk::contract
