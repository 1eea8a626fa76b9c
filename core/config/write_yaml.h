#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/plugin_config.h>

#include "core/config/config.h"

/// Values as YAML on one line, which read_yaml() and the rules of their keys read back. Strings are
/// always quoted, and control characters in them are escaped. No state, any thread.
namespace peer {

[[nodiscard]] std::string to_yaml(bool value);
[[nodiscard]] std::string to_yaml(const std::string& value);
/// A list in brackets.
[[nodiscard]] std::string to_yaml(const std::vector<std::string>& value);
/// As parse_duration() reads it: "1m30s".
[[nodiscard]] std::string to_yaml(milliseconds value);
/// The words of the configuration, as rule::stats_access() and the like take them.
[[nodiscard]] std::string to_yaml(IoUring value);
[[nodiscard]] std::string to_yaml(StatsAccess value);
[[nodiscard]] std::string to_yaml(ProxyProtocol value);
[[nodiscard]] std::string to_yaml(ProxyHeader value);
/// An option of a plugin, so that it is read back with the same type: a number keeps its point. A
/// secret is written as it is: whether it may be shown is for the caller to decide
/// (print_config.h).
[[nodiscard]] std::string to_yaml(const sdk::PluginConfig::Option& value);

template <std::unsigned_integral T>
requires(!std::same_as<T, bool>) [[nodiscard]] std::string to_yaml(T value) {
  return std::to_string(value);
}

}  // namespace peer
