#pragma once

#include <chrono>
#include <ostream>

#include <peer/sdk/broker.h>
#include <peer/sdk/contract/plugin_contract.h>

namespace peer::sdk::contract {

/// A broker. What it connects to is there: the test starts it before.
struct BrokerCase {
  PluginCase plugin;
  /// Within which a node hears what another one has done. Answers come within 2 s, or do not count.
  std::chrono::milliseconds patience{5000};
};
inline std::ostream& operator<<(std::ostream& out, const BrokerCase& broker) {
  return out << broker.plugin;
}

/// What broker.h demands of every broker: each question is answered at most once, within the core's
/// deadline, by what makes sense; no call blocks or throws, whatever peers are named; after stop()
/// there is silence.
///
///   const BrokerCase kMine{{PEER_PLUGIN_DIR "/broker_mine.so", {}}};
///   INSTANTIATE_TEST_SUITE_P(Mine, PluginContract, testing::Values(kMine.plugin));
///   INSTANTIATE_TEST_SUITE_P(Mine, BrokerContract, testing::Values(kMine));
class BrokerContract : public ::testing::TestWithParam<BrokerCase> {};

/// Beside these, of a broker with which nodes know each other: two objects with the same options
/// are two nodes of one cluster, and a message, a member, a room and a ticket of one is there on
/// the other.
class SharedBrokerContract : public ::testing::TestWithParam<BrokerCase> {};

}  // namespace peer::sdk::contract
