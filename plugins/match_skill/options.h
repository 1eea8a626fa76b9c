#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <peer/sdk/host.h>
#include <peer/sdk/plugin_config.h>

namespace peer_skill {

/// Of a field that is a number: the numbers of a group lie within the tolerance of each member,
/// which grows with that member's own wait.
struct RangeRule {
  std::string field;
  double tolerance = 0;
  double widen_per_second = 0;
  double max_tolerance = 0;
};

/// The plugin's options; plugins/match_skill/README.md describes them. The queues share one object.
struct Options {
  std::vector<RangeRule> ranges;      ///< in the order of the file
  std::vector<std::string> overlaps;  ///< fields that are lists with an element in common
  /// When a group may start with `min_group` peers; nullopt: never.
  std::optional<std::chrono::milliseconds> fill_after;
  std::uint32_t min_group = 2;
  std::uint64_t search_limit = 10'000;  ///< steps of one call
  std::uint32_t max_elements = 64;      ///< of a list
};

inline constexpr std::size_t kMostRules = 16;

/// Reads all options; mistakes go into `config`. Fields without a rule, or with the rule `equal`,
/// are compared as they are.
[[nodiscard]] Options read_options(peer::sdk::PluginConfig& config,
                                   const std::vector<std::string>& fields_in_order = {});

}  // namespace peer_skill
