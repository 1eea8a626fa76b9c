#include "core/config/value_rules.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include <peer/sdk/duration.h>

#include "core/base/address.h"
#include "core/base/origin.h"
#include "core/config/write_yaml.h"

// How values are written: one rule for each kind of value. In: a node, and its layer, to which
// relative paths are relative. Out: the value, or nothing; then the message is made of `expected`
// and `fault`. No state, any thread. Quotes count, as the core schema has it: "8080" is a string
// and no port. Values of the environment and the command line have no types, and are what their key
// expects.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;
using Style = ConfigNode::Style;

// Bytes; the kernel takes no longer path (PATH_MAX).
constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kLongestAddress = 512;
constexpr std::size_t kMostNames = 1000;
constexpr std::size_t kLongestOwner = 128;
constexpr std::size_t kLongestHttpPath = 255;

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

std::optional<std::string> as_clean_string(const ConfigNode& node) {
  auto text = as_string(node);
  if (text && has_control_characters(*text)) return std::nullopt;
  return text;
}

std::optional<std::uint64_t> as_unsigned(const ConfigNode& node) {
  if (node.kind != Kind::kScalar || node.style == Style::kQuoted) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = node.text.data() + node.text.size();
  // Decimal digits only: no sign, no space, no 0x10.
  const auto parsed = std::from_chars(node.text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

template <typename T>
ValueRule<T> one_of(std::vector<std::pair<std::string, T>> values) {
  std::string expected = "one of";
  const char* separator = " ";
  for (const auto& [name, value] : values) {
    expected += separator + name;
    separator = ", ";
  }
  return {expected, [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<T> {
            const auto text = as_string(node);
            for (const auto& [name, value] : values) {
              if (text == name) return value;
            }
            return std::nullopt;
          }};
}

/// The strings of a list; "" for what is none. Nullopt for no list.
std::optional<std::vector<std::string>> strings_of(const ConfigNode& node) {
  if (node.kind == Kind::kScalar && node.style == Style::kUntyped)
    return split_at_commas(node.text);
  if (node.kind != Kind::kList) return std::nullopt;
  std::vector<std::string> list;
  for (const ConfigNode& child : node.children) list.push_back(as_string(child).value_or(""));
  return list;
}

ValueRule<std::vector<std::string>> list_of(const std::string& what,
                                            bool (*valid)(const std::string&)) {
  return {
      "a list of at most " + std::to_string(kMostNames) + " " + what,
      [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::vector<std::string>> {
        auto list = strings_of(node);
        if (!list) return std::nullopt;
        // One bad entry spoils the list: half of a list of origins or proxies is not what was
        // meant.
        const bool sound = std::all_of(list->begin(), list->end(), valid);
        return sound && list->size() <= kMostNames ? list : std::nullopt;
      },
      [=](const ConfigNode& node) -> std::string {
        const auto list = strings_of(node).value_or(std::vector<std::string>());
        const auto bad = std::find_if_not(list.begin(), list.end(), valid);
        return bad == list.end() ? std::string() : in_quotes(*bad) + " is none";
      }};
}

/// A URL of Redis, or several addresses: what the broker makes of it is its business.
bool is_for_the_broker(std::string_view text) {
  for (const std::string_view scheme : {"redis://", "rediss://", "unix:", "redis+unix:"}) {
    if (text.starts_with(scheme)) return true;
  }
  return text.find(',') != std::string_view::npos && text.find('@') == std::string_view::npos;
}

}  // namespace

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::optional<std::string> absolute_path(const ConfigLayer& layer, const std::string& text) {
  if (has_control_characters(text) || text.size() > kLongestPath) return std::nullopt;
  return (layer.base / text).lexically_normal().string();
}

namespace rule {

ValueRule<std::uint64_t> integer(std::uint64_t min, std::uint64_t max) {
  return {"an integer from " + std::to_string(min) + " to " + std::to_string(max),
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::uint64_t> {
            const auto value = as_unsigned(node);
            return value && *value >= min && *value <= max ? value : std::nullopt;
          }};
}

ValueRule<std::uint64_t> power_of_two(std::uint64_t max) {
  return {"a power of two from 1 to " + std::to_string(max),
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::uint64_t> {
            const auto value = as_unsigned(node);
            return value && std::has_single_bit(*value) && *value <= max ? value : std::nullopt;
          }};
}

ValueRule<milliseconds> duration(milliseconds min, milliseconds max) {
  return {"a duration from " + sdk::format_duration(min) + " to " + sdk::format_duration(max) +
              " such as '1m30s', '1.5s' or 1500 (ms)",
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<milliseconds> {
            if (node.kind != Kind::kScalar) return std::nullopt;
            const auto value = sdk::parse_duration(node.text);
            return value && *value >= min && *value <= max ? value : std::nullopt;
          }};
}

ValueRule<bool> boolean() {
  return {"true or false", [](const ConfigNode& node, const ConfigLayer&) -> std::optional<bool> {
            if (node.kind != Kind::kScalar || node.style == Style::kQuoted) return std::nullopt;
            return as_boolean(node.text);
          }};
}

ValueRule<std::string> string(std::string expected, std::size_t max_length) {
  return {std::move(expected),
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::string> {
            auto text = as_clean_string(node);
            return text && text->size() <= max_length ? text : std::nullopt;
          }};
}

ValueRule<std::string> host() {
  return {"an IP address or a host name, without a port",
          [](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::string> {
            const auto text = as_string(node);
            return text ? parse_listen_host(*text) : std::nullopt;
          }};
}

ValueRule<std::string> path() {
  return {"a path", [](const ConfigNode& node, const ConfigLayer& layer) {
            const auto text = as_string(node);
            return text ? absolute_path(layer, *text) : std::nullopt;
          }};
}

ValueRule<std::string> address() {
  return {"an address such as localhost:6379, or a URL such as rediss://user@host:6379",
          [](const ConfigNode& node, const ConfigLayer& layer) -> std::optional<std::string> {
            auto text = as_clean_string(node);
            if (!text || text->size() > kLongestAddress) return std::nullopt;
            if (is_for_the_broker(*text)) return text;
            // The last one: an IPv6 address in brackets has others.
            const std::size_t colon = text->rfind(':');
            if (colon == std::string::npos || colon == 0) return std::nullopt;
            const bool is_url = text->find_first_of("/@ ") != std::string::npos;
            const ConfigNode port = untyped({}, text->substr(colon + 1));
            if (is_url || !integer(1, 65535).parse(port, layer)) return std::nullopt;
            return text;
          }};
}

ValueRule<std::string> log_level() {
  // Two short names that are usual elsewhere, and the names of POCO.
  std::vector<std::pair<std::string, std::string>> levels = {{"warn", "warning"},
                                                             {"info", "information"}};
  for (const char* name : {"none", "fatal", "critical", "error", "warning", "notice", "information",
                           "debug", "trace"}) {
    levels.emplace_back(name, name);
  }
  return one_of(std::move(levels));
}

ValueRule<std::string> log_format() {
  return one_of<std::string>({{"text", "text"}, {"json", "json"}});
}

ValueRule<std::vector<std::string>> names() {
  return list_of("names, none of them empty",
                 [](const std::string& text) { return !text.empty(); });
}

ValueRule<std::vector<std::string>> address_ranges() {
  return list_of("addresses or ranges such as 10.0.0.0/8",
                 [](const std::string& text) { return parse_address_range(text).has_value(); });
}

ValueRule<std::vector<std::string>> origins() {
  auto rule =
      list_of("origins such as https://example.com or *.example.com",
              [](const std::string& text) { return parse_origin_pattern(text).has_value(); });
  rule.fault = [](const ConfigNode& node) -> std::string {
    for (const std::string& text : strings_of(node).value_or(std::vector<std::string>())) {
      const auto pattern = parse_origin_pattern(text);
      if (!pattern) return in_quotes(text) + " has " + pattern.error().message;
    }
    return {};
  };
  return rule;
}

ValueRule<std::vector<std::string>> subprotocols() {
  static constexpr std::size_t kLongest = 255;
  static constexpr std::string_view kTokenBytes =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return list_of("names of WebSocket subprotocols, of letters, digits and !#$%&'*+-.^_`|~",
                 [](const std::string& text) {
                   return !text.empty() && text.size() <= kLongest &&
                          text.find_first_not_of(kTokenBytes) == std::string::npos;
                 });
}

ValueRule<std::string> socket_path() {
  constexpr std::size_t kLongest = 107;  // sockaddr_un
  return {"a path of at most " + std::to_string(kLongest) + " bytes",
          [parse = path().parse](const ConfigNode& node,
                                 const ConfigLayer& layer) -> std::optional<std::string> {
            auto text = parse(node, layer);
            return text && text->size() <= kLongest ? text : std::nullopt;
          }};
}

ValueRule<std::string> file_mode() {
  return {"the octal mode of a file such as 0660",
          [](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::string> {
            // Taken as digits, not as a number: 0660 is octal for everybody who writes it, but for
            // the schema it is 660.
            std::string digits = node.kind == Kind::kScalar ? node.text : "";
            if (digits.size() == 3) digits.insert(0, 1, '0');
            const bool sound = digits.size() == 4 && digits.front() == '0' &&
                               digits.find_first_not_of("01234567") == std::string::npos;
            return sound ? std::optional(digits) : std::nullopt;
          }};
}

ValueRule<std::string> file_owner() {
  return {"user, user:group or :group",
          [](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::string> {
            auto text = as_clean_string(node);
            if (!text || text->size() > kLongestOwner) return std::nullopt;
            const bool two_colons = std::count(text->begin(), text->end(), ':') > 1;
            const bool sound = !two_colons && !text->ends_with(':') &&
                               text->find_first_of(" /") == std::string::npos;
            return sound ? text : std::nullopt;
          }};
}

ValueRule<std::string> http_path() {
  constexpr std::string_view kBytes =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/";
  return {"a path such as /ws, not /health, /ready or /stats",
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::string> {
            auto text = as_string(node);
            if (!text || !text->starts_with('/') || text->size() > kLongestHttpPath ||
                text->find_first_not_of(kBytes) != std::string::npos) {
              return std::nullopt;
            }
            if (text->size() > 1 && text->ends_with('/')) text->pop_back();
            // A WebSocket endpoint there would hide the answer.
            for (const char* taken : {"/health", "/ready", "/stats"}) {
              if (*text == taken) return std::nullopt;
            }
            return text;
          }};
}

ValueRule<ProxyProtocol> proxy_protocol() {
  return one_of<ProxyProtocol>(
      {{"off", ProxyProtocol::kOff}, {"require", ProxyProtocol::kRequire}});
}

ValueRule<IoUring> io_uring() {
  return one_of<IoUring>({{"off", IoUring::kOff}, {"auto", IoUring::kAuto}, {"on", IoUring::kOn}});
}

ValueRule<StatsAccess> stats_access() {
  return one_of<StatsAccess>({{"public", StatsAccess::kPublic},
                              {"loopback", StatsAccess::kLoopback},
                              {"off", StatsAccess::kOff}});
}

ValueRule<ProxyHeader> proxy_header() {
  std::vector<std::pair<std::string, ProxyHeader>> values;
  for (const ProxyHeader value :
       {ProxyHeader::kAuto, ProxyHeader::kXForwardedFor, ProxyHeader::kXRealIp,
        ProxyHeader::kForwarded, ProxyHeader::kProxyProtocol}) {
    values.emplace_back(to_yaml(value), value);
  }
  return one_of(std::move(values));
}

}  // namespace rule
}  // namespace peer
