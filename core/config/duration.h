#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace peer {

/// Reads sums of decimals with h, m, s, ms, us ("1h", "1m30s", "1.5s"), or a number of
/// milliseconds without a unit. No sign, no spaces, at most nine digits after the point, at most a
/// year. Fractions of a millisecond are rounded up: what is not zero never becomes zero, which
/// for some keys means "never".
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest form that parse_duration() reads back: "90s" is "1m30s", zero is "0s".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

}  // namespace peer
