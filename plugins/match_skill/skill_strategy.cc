#include <memory>
#include <utility>

#include <peer/sdk/match_strategy.h>
#include <peer/sdk/plugin.h>

#include "options.h"
#include "skill_queue.h"
#include "waits.h"
#include "wish.h"

namespace {

using namespace peer::sdk;
using peer_skill::SkillQueue;

/// Matches peers whose numbers are near each other, alone or in parties, in groups or teams.
/// Thread-safe.
class SkillStrategy final : public MatchStrategy {
 public:
  SkillStrategy(peer_skill::Options options, Counter& limit_reached)
      : options_(std::move(options)), limit_reached_(limit_reached) {}

  std::optional<std::string> check(const MatchRequest& request) const override {
    const auto wish = peer_skill::read_wish(options_, request);
    if (wish) return std::nullopt;
    return wish.error().message;
  }
  std::unique_ptr<MatchQueue> make_queue() override { return make_queue_of({}); }
  std::unique_ptr<MatchQueue> make_queue_of(std::string_view ns) override {
    return std::make_unique<SkillQueue>(SkillQueue::Parts{options_, waits_, limit_reached_}, ns);
  }
  std::uint32_t group_size(const MatchRequest& request) const override {
    const auto wish = peer_skill::read_wish(options_, request);
    return wish ? wish->group_size : request.group_size;
  }

 private:
  const peer_skill::Options options_;
  peer_skill::WaitBook waits_;
  Counter& limit_reached_;
};

Result<std::unique_ptr<MatchStrategy>> make_skill(PluginConfig& config, PluginHost& host) {
  peer_skill::Options options = peer_skill::read_options(config, host.option_names("rules"));
  Counter& limit_reached = host.counter(
      "search_limit_reached", "Searches for a group that ended for their number of steps.");
  return std::make_unique<SkillStrategy>(std::move(options), limit_reached);
}

}  // namespace

PEER_PLUGIN(peer::sdk::MatchStrategy, "skill", "1.0.0", make_skill)
