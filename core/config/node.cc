#include "core/config/node.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

// Values as they were written, before anybody knows their key. In: nodes of a file, the environment
// or the command line. Out: the type and the value that YAML 1.2's core schema gives them, or words
// about them for a message. No state, any thread. By that schema `no`, `off` and `010` are not what
// YAML 1.1 makes of them: two strings, and ten.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;
using Style = ConfigNode::Style;

enum class PlainType { kBoolean, kInteger, kNumber, kString };

bool all_of(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return text;
}

/// YAML 1.2, 10.3.2: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_number(std::string_view text) {
  text = without_sign(text);
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    if (!all_of(without_sign(text.substr(exponent + 1)), kDigits)) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return all_of(text, kDigits);
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction = text.substr(dot + 1);
  if (whole.empty()) return all_of(fraction, kDigits);
  return all_of(whole, kDigits) && (fraction.empty() || all_of(fraction, kDigits));
}

bool is_infinity_or_nan(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  text = without_sign(text);
  return text == ".inf" || text == ".Inf" || text == ".INF";
}

/// The base of an integer of the core schema, which takes 0o17 and 0x1f besides decimals; 0: none.
int base_of(std::string_view text) {
  if (text.starts_with("0o") && all_of(text.substr(2), "01234567")) return 8;
  if (text.starts_with("0x") && all_of(text.substr(2), "0123456789abcdefABCDEF")) return 16;
  return all_of(without_sign(text), kDigits) ? 10 : 0;
}

bool is_true(std::string_view text) { return text == "true" || text == "True" || text == "TRUE"; }
bool is_false(std::string_view text) {
  return text == "false" || text == "False" || text == "FALSE";
}

PlainType plain_type(std::string_view text) {
  if (is_true(text) || is_false(text)) return PlainType::kBoolean;
  if (base_of(text) != 0) return PlainType::kInteger;
  if (is_number(text) || is_infinity_or_nan(text)) return PlainType::kNumber;
  return PlainType::kString;
}

template <typename Number, typename... Format>
std::optional<Number> parse_all(std::string_view text, Format... format) {
  Number value{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, format...);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  // Its caller has seen that it is an integer: a prefix of two characters, or decimal.
  const int base = base_of(text);
  if (base != 10) text.remove_prefix(2);
  if (text.starts_with('+')) text.remove_prefix(1);  // from_chars takes no plus
  return parse_all<std::int64_t>(text, base);
}

std::optional<double> to_number(std::string_view text) {
  if (is_infinity_or_nan(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_all<double>(text);
}

std::optional<sdk::PluginConfig::Option> scalar_option(const ConfigNode& node) {
  if (node.style == Style::kQuoted) return node.text;
  switch (plain_type(node.text)) {
    case PlainType::kBoolean:
      return is_true(node.text);
    case PlainType::kInteger:
      if (const auto integer = to_integer(node.text)) return *integer;
      return std::nullopt;
    case PlainType::kNumber:
      if (const auto number = to_number(node.text)) return *number;
      return std::nullopt;
    case PlainType::kString:
      return node.text;
  }
  return std::nullopt;
}

bool is_integer(const ConfigNode& node) {
  return node.kind == Kind::kScalar && node.style == Style::kPlain &&
         plain_type(node.text) == PlainType::kInteger;
}

std::string type_name(const ConfigNode& node) {
  if (node.style == Style::kQuoted) return "a string";
  switch (plain_type(node.text)) {
    case PlainType::kBoolean:
      return "a boolean";
    case PlainType::kInteger:
      return "an integer";
    case PlainType::kNumber:
      return "a number";
    case PlainType::kString:
      return "a string";
  }
  return {};
}

}  // namespace

ConfigNode untyped(std::string key, std::string text) {
  return {.kind = Kind::kScalar,
          .style = Style::kUntyped,
          .line = 0,
          .key = std::move(key),
          .text = std::move(text),
          .children = {}};
}

bool is_empty(const ConfigNode& node) {
  return node.kind == Kind::kNull || (node.kind == Kind::kScalar && node.text.empty());
}

std::optional<std::string> as_string(const ConfigNode& node) {
  if (node.kind != Kind::kScalar) return std::nullopt;
  if (node.style == Style::kPlain && plain_type(node.text) != PlainType::kString) {
    return std::nullopt;
  }
  return node.text;
}

std::optional<bool> as_boolean(std::string_view text) {
  if (is_true(text)) return true;
  return is_false(text) ? std::optional(false) : std::nullopt;
}

std::optional<sdk::PluginConfig::Option> as_option(const ConfigNode& node) {
  if (node.kind == Kind::kScalar) return scalar_option(node);
  if (node.kind != Kind::kList) return std::nullopt;
  std::vector<std::string> strings;
  for (const ConfigNode& child : node.children) {
    auto text = as_string(child);
    // A list of integers is one of their texts (sdk::PluginConfig::integers).
    if (!text && is_integer(child)) text = child.text;
    if (!text) return std::nullopt;
    strings.push_back(std::move(*text));
  }
  return strings;
}

std::string describe(const ConfigNode& node, bool show) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kScalar:
      break;
  }
  if (!show) return type_name(node) + " (not shown)";
  return node.style == Style::kQuoted ? "the string " + in_quotes(node.text) : in_quotes(node.text);
}

// Messages go to terminals and logs, where a control character could hide text or forge a line.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool cut = text.size() > kLongest;
  if (cut) {
    std::size_t end = kLongest;  // not within a character of UTF-8
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  std::string out = "'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out + (cut ? "...'" : "'");
}

}  // namespace peer
