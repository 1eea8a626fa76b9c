#include "core/protocol/json_number.h"

#include <algorithm>
#include <charconv>
#include <limits>

// Numbers of JSON by their exact value. In: the text of a number that has been validated. Out: an
// integer, a double, or the one text that all numbers of that value share. No state, any thread. A
// client may send a number of thousands of digits with an exponent of thousands of digits. So
// digits and exponent stay decimal text, and no power of ten is ever computed.
namespace peer {
namespace {

/// Decimals of up to this many digits are within the range of an int64.
constexpr std::size_t kSafeDigits = 18;

std::string_view without_leading_zeros(std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

std::int64_t small_integer(std::string_view digits) {
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

/// Adds `delta` to the positive decimal `digits`, which is far larger.
std::string add_to_digits(std::string_view digits, std::int64_t delta) {
  std::string sum(digits);
  std::int64_t carry = delta;
  for (std::size_t i = sum.size(); i > 0 && carry != 0; --i) {
    const std::int64_t column = (sum[i - 1] - '0') + carry;
    const std::int64_t digit = (column % 10 + 10) % 10;
    sum[i - 1] = static_cast<char>('0' + digit);
    carry = (column - digit) / 10;
  }
  if (carry > 0) sum.insert(0, std::to_string(carry));
  return std::string(without_leading_zeros(sum));
}

/// The exponent written as `text` (sign optional, digits) plus `delta`, which is at most a text's
/// length away from it.
std::string shifted_exponent(std::string_view text, std::int64_t delta) {
  const bool negative = text.starts_with('-');
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = without_leading_zeros(text);
  if (digits.size() <= kSafeDigits) {
    const std::int64_t value = small_integer(digits);
    return std::to_string((negative ? -value : value) + delta);
  }
  return (negative ? "-" : "") + add_to_digits(digits, negative ? -delta : delta);
}

/// digits x 10^exponent; no zeros at either end of `digits`, which is empty for zero.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::string exponent = "0";
};

Decimal to_decimal(std::string_view raw) {
  Decimal decimal;
  decimal.negative = raw.starts_with('-');
  if (decimal.negative) raw.remove_prefix(1);
  const std::size_t mantissa_end = std::min(raw.find_first_of("eE"), raw.size());
  const std::string_view mantissa = raw.substr(0, mantissa_end);
  const std::string_view exponent = mantissa_end == raw.size() ? "0" : raw.substr(mantissa_end + 1);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::string_view fraction = mantissa.substr(std::min(point + 1, mantissa.size()));

  std::string all(mantissa.substr(0, point));
  all += fraction;
  const std::string_view significant = without_leading_zeros(all);
  const std::size_t last = significant.find_last_not_of('0');
  if (last == std::string_view::npos) return {};  // -0 is 0
  decimal.digits = significant.substr(0, last + 1);
  const auto trailing_zeros = static_cast<std::int64_t>(significant.size() - last - 1);
  decimal.exponent =
      shifted_exponent(exponent, trailing_zeros - static_cast<std::int64_t>(fraction.size()));
  return decimal;
}

/// The value of a number of digits alone, as nearly all are; nullopt: more is there, or too many.
std::optional<std::int64_t> plain_integer(std::string_view raw) {
  const bool negative = raw.starts_with('-');
  if (negative) raw.remove_prefix(1);
  if (raw.size() > kSafeDigits) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : raw) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + (c - '0');
  }
  return negative ? -value : value;
}

/// Whether a number outside the range of a double is so for its size, not for its smallness.
bool is_huge(const Decimal& decimal) {
  if (decimal.exponent.size() > kSafeDigits) return decimal.exponent.front() != '-';
  return small_integer(decimal.exponent) + static_cast<std::int64_t>(decimal.digits.size()) > 0;
}

}  // namespace

std::optional<std::int64_t> integer_value(std::string_view raw) {
  if (const auto plain = plain_integer(raw)) return plain;
  const Decimal decimal = to_decimal(raw);
  if (decimal.digits.empty()) return 0;
  if (decimal.exponent.front() == '-') return std::nullopt;
  if (decimal.exponent.size() <= 2) {
    const auto zeros = static_cast<std::size_t>(small_integer(decimal.exponent));
    if (decimal.digits.size() + zeros <= kSafeDigits) {
      const std::int64_t value = small_integer(decimal.digits + std::string(zeros, '0'));
      return decimal.negative ? -value : value;
    }
  }
  // A value of 19 digits that would still fit saturates as well: no field has a bound as high.
  return decimal.negative ? std::numeric_limits<std::int64_t>::min()
                          : std::numeric_limits<std::int64_t>::max();
}

double double_value(std::string_view raw) {
  // Most are small; up to 2^53 an integer is exact. -0 is no integer.
  constexpr std::size_t kExactDigits = 15;
  if (raw.size() <= kExactDigits && raw.front() != '-') {
    if (const auto plain = plain_integer(raw)) return static_cast<double>(*plain);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
  if (error == std::errc{}) return value;
  const Decimal decimal = to_decimal(raw);
  const double size = is_huge(decimal) ? std::numeric_limits<double>::infinity() : 0.0;
  return decimal.negative ? -size : size;
}

void append_canonical_number(std::string& out, std::string_view raw) {
  const Decimal decimal = to_decimal(raw);
  if (decimal.digits.empty()) {
    out += '0';
    return;
  }
  if (decimal.negative) out += '-';
  out += decimal.digits;
  out += 'e';
  out += decimal.exponent;
}

}  // namespace peer
