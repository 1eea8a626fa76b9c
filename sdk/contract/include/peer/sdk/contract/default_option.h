#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/plugin_config.h>

namespace peer::sdk::contract {

/// The default of an option that stands at the top, as an operator would write it in YAML: a
/// factory takes it like any other value. nullopt: it has none that can be written.
///
/// It goes by the words of Known::expected, which PluginConfig writes, and reads the text of the
/// default: of a number that has six digits behind the point.
inline std::optional<PluginOption> default_option(const PluginConfig::Known& option) {
  const std::string& text = option.default_value;
  const std::string_view expected = option.expected;
  const bool is_at_the_top = option.key.find_first_of(".[") == std::string::npos;
  if (!is_at_the_top || text == PluginConfig::kRequired) return std::nullopt;
  if (expected == "a string" || expected.starts_with("a duration")) return text;
  if (expected == "true or false") return text == "true";
  if (text == "[]") return std::vector<std::string>{};
  if (expected.starts_with("a number")) return std::strtod(text.c_str(), nullptr);
  if (!expected.starts_with("an integer")) return std::nullopt;
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace peer::sdk::contract
