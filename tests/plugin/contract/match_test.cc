#include <peer/sdk/contract/match_strategy_contract.h>

namespace peer::sdk::contract {
namespace {

MatchStrategyCase criteria_case() {
  return {
      .plugin = {PEER_PLUGIN_DIR "/match_criteria.so", {}},
      .requests = {json("{}"), json(R"({"group_size":4,"criteria":{"mode":"duel","level":3}})")}};
}

MatchStrategyCase fifo_case() {
  return {.plugin = {PEER_EXAMPLE_DIR "/match_fifo.so", {}},
          .requests = {json("{}"), json(R"({"group_size":3})")}};
}

/// All that match_skill knows: the three kinds of rules, parties, teams, groups that start short.
MatchStrategyCase skill_case() {
  const PluginOptionMap range{{{"kind", std::string("range")},
                               {"tolerance", std::int64_t{50}},
                               {"widen_per_second", std::int64_t{5}},
                               {"max_tolerance", std::int64_t{400}}}};
  const PluginOptionMap overlap{{{"kind", std::string("overlap")}}};
  const PluginOptionMap rules{{{"skill", PluginOptionMaps{{range}, false}},
                               {"regions", PluginOptionMaps{{overlap}, false}}}};
  return {
      .plugin = {PEER_PLUGIN_DIR "/match_skill.so",
                 {{"rules", PluginOptionMaps{{rules}, false}}, {"fill_after", std::string("30s")}}},
      .requests = {
          json(R"({"criteria":{"skill":1500,"regions":["eu","us"],"mode":"blitz"}})"),
          json(R"({"group_size":3,"criteria":{"skill":1520,"regions":["eu"]}})"),
          json(R"({"criteria":{"skill":1000,"regions":["us"]},"party":{"id":"k3j9x","size":2}})"),
          json(R"({"criteria":{"skill":1000,"regions":["us"]},"teams":{"count":2,"size":2}})")}};
}

INSTANTIATE_TEST_SUITE_P(Criteria, PluginContract, testing::Values(criteria_case().plugin));
INSTANTIATE_TEST_SUITE_P(Criteria, MatchStrategyContract, testing::Values(criteria_case()));
INSTANTIATE_TEST_SUITE_P(Fifo, PluginContract, testing::Values(fifo_case().plugin));
INSTANTIATE_TEST_SUITE_P(Fifo, MatchStrategyContract, testing::Values(fifo_case()));
INSTANTIATE_TEST_SUITE_P(Skill, PluginContract, testing::Values(skill_case().plugin));
INSTANTIATE_TEST_SUITE_P(Skill, MatchStrategyContract, testing::Values(skill_case()));

}  // namespace
}  // namespace peer::sdk::contract
