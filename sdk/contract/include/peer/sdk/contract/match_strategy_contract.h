#pragma once

#include <chrono>
#include <ostream>
#include <vector>

#include <peer/sdk/contract/json_text.h>
#include <peer/sdk/contract/plugin_contract.h>
#include <peer/sdk/match_strategy.h>

namespace peer::sdk::contract {

/// A match strategy, and what its clients ask for.
struct MatchStrategyCase {
  PluginCase plugin;
  /// Payloads of `match`. Peers that send the same one find each other.
  std::vector<Value> requests{json("{}")};
  /// How long that may take, in the test's own time: a strategy is told the time.
  std::chrono::milliseconds patience{60'000};
};
inline std::ostream& operator<<(std::ostream& out, const MatchStrategyCase& strategy) {
  return out << strategy.plugin;
}

/// What match_strategy.h demands of strategies: each ticket ends in exactly one way, groups make
/// sense whatever clients ask for, the time is the one that it is told, and no call takes long. A
/// strategy that says that it reads no values is shown none.
///
///   const MatchStrategyCase kMine{{PEER_PLUGIN_DIR "/match_mine.so", {}}};
///   INSTANTIATE_TEST_SUITE_P(Mine, PluginContract, testing::Values(kMine.plugin));
///   INSTANTIATE_TEST_SUITE_P(Mine, MatchStrategyContract, testing::Values(kMine));
class MatchStrategyContract : public ::testing::TestWithParam<MatchStrategyCase> {};

}  // namespace peer::sdk::contract
