#include "options.h"

#include <algorithm>

namespace peer_skill {

using peer::sdk::PluginConfig;
using std::chrono::milliseconds;

namespace {

constexpr double kMostTolerance = 1e12;

bool has(const std::vector<std::string>& keys, const char* key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void read_range(PluginConfig& config, const std::string& field, Options& options) {
  const std::vector<std::string> given = config.keys();
  RangeRule rule{field};
  rule.tolerance = config.number("tolerance", 0, 0, kMostTolerance);
  rule.widen_per_second = config.number("widen_per_second", 0, 0, kMostTolerance);
  rule.max_tolerance = config.number("max_tolerance", kMostTolerance, 0, kMostTolerance);
  if (!has(given, "tolerance"))
    config.mistake("tolerance", "a number, got nothing; a range needs it");
  if (rule.max_tolerance < rule.tolerance) config.mistake("max_tolerance", "at least tolerance");
  if (has(given, "max_tolerance") && rule.widen_per_second == 0 &&
      rule.max_tolerance > rule.tolerance) {
    config.mistake("max_tolerance", "widen_per_second beside it: without that nothing widens");
  }
  options.ranges.push_back(std::move(rule));
}

void read_rule(PluginConfig& config, const std::string& field, Options& options) {
  const std::string kind = config.required_string("kind");
  if (kind == "range") return read_range(config, field, options);
  if (kind == "overlap") {
    options.overlaps.push_back(field);
  } else if (!kind.empty() && kind != "equal") {
    config.mistake("kind", "equal, range or overlap");
  }
}

}  // namespace

Options read_options(PluginConfig& config, const std::vector<std::string>& fields_in_order) {
  Options options;
  PluginConfig& rules = config.map("rules");
  std::vector<std::string> fields = fields_in_order.empty() ? rules.keys() : fields_in_order;
  if (fields.size() > kMostRules) {
    config.mistake("rules", "at most " + std::to_string(kMostRules) + " fields");
  }
  for (const std::string& field : fields) read_rule(rules.map(field), field, options);

  const bool fills = has(config.keys(), "fill_after");
  const milliseconds fill_after =
      config.duration("fill_after", milliseconds(0), milliseconds(0), std::chrono::hours(24));
  if (fills) options.fill_after = fill_after;
  options.min_group = static_cast<std::uint32_t>(config.integer("min_group", 2, 2, 1024));
  if (!fills && has(config.keys(), "min_group")) {
    config.mistake("min_group", "fill_after beside it: without that every group is full");
  }
  options.search_limit =
      static_cast<std::uint64_t>(config.integer("search_limit", 10'000, 100, 1'000'000));
  options.max_elements = static_cast<std::uint32_t>(config.integer("max_elements", 64, 1, 1024));
  return options;
}

}  // namespace peer_skill
