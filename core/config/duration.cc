#include "core/config/duration.h"

#include <array>
#include <cstdint>

namespace peer {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t microseconds;
};

// "ms" before "m": the longest name that fits is meant.
constexpr std::array kUnits = {Unit{"h", 3'600'000'000}, Unit{"ms", 1'000}, Unit{"m", 60'000'000},
                               Unit{"s", 1'000'000}, Unit{"us", 1}};
constexpr std::int64_t kMillisecond = 1'000;
constexpr std::int64_t kLongest = 366LL * 24 * kUnits[0].microseconds;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal as whole + fraction / scale; all are far from overflowing a product with any unit.
struct Decimal {
  std::int64_t whole = 0;
  std::int64_t fraction = 0;
  std::int64_t scale = 1;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  constexpr std::int64_t kMaxScale = 1'000'000'000;
  Decimal decimal;
  const std::size_t before = text.size();
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1)) {
    decimal.whole = decimal.whole * 10 + (text[0] - '0');
    if (decimal.whole > kLongest) return std::nullopt;
  }
  if (text.size() == before) return std::nullopt;
  if (text.empty() || text[0] != '.') return decimal;
  text.remove_prefix(1);
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1)) {
    if (decimal.scale == kMaxScale) return std::nullopt;
    decimal.scale *= 10;
    decimal.fraction = decimal.fraction * 10 + (text[0] - '0');
  }
  if (decimal.scale == 1) return std::nullopt;  // "1.s"
  return decimal;
}

std::optional<std::int64_t> take_unit(std::string_view& text) {
  for (const Unit& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.microseconds;
  }
  return std::nullopt;
}

std::int64_t divide_up(std::int64_t dividend, std::int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

std::optional<std::int64_t> to_microseconds(const Decimal& decimal, std::int64_t unit) {
  if (decimal.whole > kLongest / unit) return std::nullopt;
  return decimal.whole * unit + divide_up(decimal.fraction * unit, decimal.scale);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  bool first = true;
  do {
    const auto decimal = take_decimal(text);
    if (!decimal) return std::nullopt;
    const bool bare_number = first && text.empty();
    const auto unit = bare_number ? std::optional(kMillisecond) : take_unit(text);
    if (!unit) return std::nullopt;
    const auto term = to_microseconds(*decimal, *unit);
    if (!term || *term > kLongest - total) return std::nullopt;
    total += *term;
    first = false;
  } while (!text.empty());
  return std::chrono::milliseconds(divide_up(total, kMillisecond));
}

std::string format_duration(std::chrono::milliseconds duration) {
  std::string out;
  std::int64_t rest = duration.count();
  const auto put = [&](std::int64_t unit, const char* name) {
    if (rest >= unit) out += std::to_string(rest / unit) + name;
    rest %= unit;
  };
  put(3'600'000, "h");
  put(60'000, "m");
  put(1'000, "s");
  put(1, "ms");
  return out.empty() ? "0s" : out;
}

}  // namespace peer
