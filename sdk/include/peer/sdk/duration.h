#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Durations as the server's configuration has them (docs/configuration.md), for options of plugins
/// (PluginConfig), and for texts that say one. Pure functions: any thread may call them, and they
/// keep nothing of the text.
namespace peer::sdk {

namespace detail {

/// "ms" stands before "m", since the longest name that fits is meant.
inline constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kDurationUnits{
    {{"h", 3'600'000'000}, {"ms", 1'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"us", 1}}};
inline constexpr std::int64_t kLongestDuration = 366LL * 24 * 3'600'000'000;  // in microseconds
inline constexpr std::int64_t kMostDigits =
    900'000'000'000'000'000;  // ten times that, and a digit, fit into 64 bits

/// Takes a decimal off the front: its digits as one number, and what that is to be divided by
/// ("1.50" is 150 and 100); before the call these are 0 and 1. False: there is no decimal, it ends
/// in a point, or it has more digits than the sums here can hold.
inline bool take_decimal(std::string_view& text, std::int64_t& digits, std::int64_t& scale) {
  const std::size_t before = text.size();
  bool point = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text[0];
    if (c == '.' && !point && text.size() < before) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    digits = digits * 10 + (c - '0');
    scale *= point ? 10 : 1;
    if (digits > kMostDigits || scale > 1'000'000'000) return false;
  }
  return text.size() < before && (!point || scale > 1);
}

/// Takes a unit off the front, and returns its microseconds; 0: there is none. `bare`: the number
/// was the whole text, which is one of milliseconds.
inline std::int64_t take_unit(std::string_view& text, bool bare) {
  if (bare) return 1'000;
  for (const auto& [name, microseconds] : kDurationUnits) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return microseconds;
  }
  return 0;
}

}  // namespace detail

/// Reads sums of decimals with h, m, s, ms, us ("1h", "1m30s", "1.5s"), or a number of milliseconds
/// without a unit. No sign, no spaces, at most nine digits after the point, at most a year.
/// Fractions of a millisecond are rounded up, so that only zero is zero. nullopt: anything else,
/// the empty text too.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> parse_duration(
    std::string_view text) {
  std::int64_t total = 0;  // microseconds
  bool first = true;
  do {
    std::int64_t digits = 0;
    std::int64_t scale = 1;
    if (!detail::take_decimal(text, digits, scale)) return std::nullopt;
    const std::int64_t unit = detail::take_unit(text, first && text.empty());
    if (unit == 0) return std::nullopt;
    // Whole units first: digits x unit may be more than 64 bits hold.
    const std::int64_t whole = digits / scale;
    const std::int64_t rest = digits % scale;
    if (whole > detail::kLongestDuration / unit) return std::nullopt;
    total += whole * unit + (rest * unit + scale - 1) / scale;
    if (total > detail::kLongestDuration) return std::nullopt;
    first = false;
  } while (!text.empty());
  return std::chrono::milliseconds((total + 999) / 1'000);
}

/// The shortest form that parse_duration() reads back: 90 s are "1m30s", none is "0s". `duration`
/// is not negative.
[[nodiscard]] inline std::string format_duration(std::chrono::milliseconds duration) {
  std::string text;
  std::int64_t rest = duration.count();
  constexpr std::array<std::pair<std::int64_t, const char*>, 4> kUnits{
      {{3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}}};
  for (const auto& [milliseconds, name] : kUnits) {
    if (rest >= milliseconds) text += std::to_string(rest / milliseconds) + name;
    rest %= milliseconds;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace peer::sdk
