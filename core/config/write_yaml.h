#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/plugin_config.h>

#include "core/config/config.h"

/// Values as YAML on one line, which read_yaml() and the rules of their keys read back. Strings are
/// always quoted.
namespace peer {

[[nodiscard]] std::string to_yaml(bool value);
[[nodiscard]] std::string to_yaml(const std::string& value);
[[nodiscard]] std::string to_yaml(const std::vector<std::string>& value);
[[nodiscard]] std::string to_yaml(milliseconds value);
[[nodiscard]] std::string to_yaml(StatsAccess value);
[[nodiscard]] std::string to_yaml(ProxyProtocol value);
[[nodiscard]] std::string to_yaml(ProxyHeader value);
[[nodiscard]] std::string to_yaml(const sdk::PluginConfig::Option& value);

template <std::unsigned_integral T>
requires(!std::same_as<T, bool>) [[nodiscard]] std::string to_yaml(T value) {
  return std::to_string(value);
}

}  // namespace peer
