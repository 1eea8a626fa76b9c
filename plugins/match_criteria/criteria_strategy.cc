#include <memory>

#include <peer/sdk/match_strategy.h>
#include <peer/sdk/plugin.h>

#include "criteria_queue.h"

namespace {

using namespace peer::sdk;

/// Matches peers that asked for the same group size with equal criteria. Thread-safe.
class CriteriaStrategy final : public MatchStrategy {
 public:
  std::unique_ptr<MatchQueue> make_queue() override { return std::make_unique<CriteriaQueue>(); }
  void traits(MatchTraits& traits) const override {
    traits.reads_values = traits.judges = traits.makes_teams = traits.forecasts = false;
    traits.changes_with_time = false;
  }
};

Result<std::unique_ptr<MatchStrategy>> make_criteria(PluginConfig&) {
  return std::make_unique<CriteriaStrategy>();
}

}  // namespace

PEER_PLUGIN(peer::sdk::MatchStrategy, "criteria", "1.0.0", make_criteria)
