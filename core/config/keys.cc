#include "core/config/keys.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/config/duration.h"

namespace peer {
namespace {

using namespace std::chrono_literals;
using Kind = ConfigNode::Kind;
using Style = ConfigNode::Style;

/// How the values of one key are written, whatever their type in Config.
template <typename T>
struct Rule {
  std::string expected;
  std::function<std::optional<T>(const ConfigNode&, const ConfigLayer&)> parse;
};

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

/// Decimal digits, not quoted.
std::optional<std::uint64_t> as_unsigned(const ConfigNode& node) {
  if (node.kind != Kind::kScalar || node.style == Style::kQuoted) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto parsed = std::from_chars(node.text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

Rule<std::uint64_t> integer(std::uint64_t min, std::uint64_t max) {
  return {"an integer from " + std::to_string(min) + " to " + std::to_string(max),
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::uint64_t> {
            const auto value = as_unsigned(node);
            return value && *value >= min && *value <= max ? value : std::nullopt;
          }};
}

Rule<std::uint64_t> power_of_two(std::uint64_t max) {
  return {"a power of two from 1 to " + std::to_string(max),
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::uint64_t> {
            const auto value = as_unsigned(node);
            return value && std::has_single_bit(*value) && *value <= max ? value : std::nullopt;
          }};
}

Rule<milliseconds> duration(milliseconds min, milliseconds max) {
  return {"a duration from " + format_duration(min) + " to " + format_duration(max) +
              " such as '1m30s', '1.5s' or 1500 (ms)",
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<milliseconds> {
            if (node.kind != Kind::kScalar) return std::nullopt;
            const auto value = parse_duration(node.text);
            return value && *value >= min && *value <= max ? value : std::nullopt;
          }};
}

Rule<bool> boolean() {
  return {"true or false", [](const ConfigNode& node, const ConfigLayer&) -> std::optional<bool> {
            if (node.kind != Kind::kScalar || node.style == Style::kQuoted) return std::nullopt;
            if (node.text == "true") return true;
            if (node.text == "false") return false;
            return std::nullopt;
          }};
}

Rule<std::string> string(std::string expected, std::size_t max_length = 1024) {
  return {std::move(expected),
          [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::string> {
            auto text = as_clean_string(node);
            return text && text->size() <= max_length ? text : std::nullopt;
          }};
}

Rule<std::string> path() {
  return {"a path", [](const ConfigNode& node, const ConfigLayer& layer) {
            const auto text = as_string(node);
            return text ? absolute_path(layer, *text) : std::nullopt;
          }};
}

/// "host:port", the port after the last colon; not a URL.
Rule<std::string> address() {
  return {"an address such as localhost:6379",
          [](const ConfigNode& node, const ConfigLayer& layer) -> std::optional<std::string> {
            auto text = as_clean_string(node);
            if (!text || text->size() > 512) return std::nullopt;
            const std::size_t colon = text->rfind(':');
            if (colon == std::string::npos || colon == 0) return std::nullopt;
            const bool is_url = text->find_first_of("/@ ") != std::string::npos;
            const ConfigNode port = untyped({}, text->substr(colon + 1));
            if (is_url || !integer(1, 65535).parse(port, layer)) return std::nullopt;
            return text;
          }};
}

template <typename T>
Rule<T> one_of(std::vector<std::pair<std::string, T>> values) {
  std::string expected = "one of";
  for (const auto& [name, value] : values)
    expected += (&name == &values[0].first ? " " : ", ") + name;
  return {expected, [=](const ConfigNode& node, const ConfigLayer&) -> std::optional<T> {
            const auto text = as_string(node);
            for (const auto& [name, value] : values) {
              if (text == name) return value;
            }
            return std::nullopt;
          }};
}

/// The level names of Poco::Logger.
Rule<std::string> log_level() {
  std::vector<std::pair<std::string, std::string>> levels;
  for (const char* name : {"none", "fatal", "critical", "error", "warning", "notice", "information",
                           "debug", "trace"}) {
    levels.emplace_back(name, name);
  }
  return one_of(std::move(levels));
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Rule<std::vector<std::string>> names() {
  return {
      "a list of at most 1000 names, none of them empty",
      [](const ConfigNode& node, const ConfigLayer&) -> std::optional<std::vector<std::string>> {
        std::vector<std::string> list;
        if (node.kind == Kind::kScalar && node.style == Style::kUntyped) {
          list = split_at_commas(node.text);
        } else if (node.kind == Kind::kList) {
          for (const ConfigNode& child : node.children) {
            list.push_back(as_string(child).value_or(""));
          }
        } else {
          return std::nullopt;
        }
        const bool has_empty = std::find(list.begin(), list.end(), "") != list.end();
        return has_empty || list.size() > 1000 ? std::nullopt : std::optional(list);
      }};
}

std::string default_variable(std::string_view name) {
  std::string variable = "PEER_";
  for (const char c : name) {
    variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return variable;
}

template <typename T, typename V>
bool store(T& member, V value) {
  if constexpr (std::unsigned_integral<T> && !std::same_as<T, bool>) {
    if (value > std::numeric_limits<T>::max()) return false;
    member = static_cast<T>(value);
  } else {
    member = std::move(value);
  }
  return true;
}

/// A row of the table. `variable` is the guide's name for it in the environment, besides
/// PEER_<NAME>.
template <typename T, typename V>
ConfigKey key(std::string name, T Config::*member, const Rule<V>& rule,
              const char* variable = nullptr) {
  ConfigKey row;
  row.expected = rule.expected;
  row.list = std::same_as<T, std::vector<std::string>>;
  row.read = [member, parse = rule.parse](Config& config, const ConfigNode& node,
                                          const ConfigLayer& layer) {
    auto value = parse(node, layer);
    return value && store(config.*member, std::move(*value));
  };
  row.reset = [member](Config& config) { config.*member = Config{}.*member; };
  if (variable != nullptr) row.variables.emplace_back(variable);
  row.variables.push_back(default_variable(name));
  row.name = std::move(name);
  return row;
}

ConfigKey hidden(ConfigKey row) {
  row.hidden = true;
  return row;
}

ConfigKey secret(ConfigKey row) {
  row.hidden = row.secret = true;
  return row;
}

/// Short for plugins.broker.name.
ConfigKey broker_type() {
  ConfigKey row;
  row.name = "broker_type";
  row.expected = kExpectedPluginName;
  row.read = [](Config& config, const ConfigNode& node, const ConfigLayer& layer) {
    const auto name = as_string(node);
    if (!name || !is_plugin_name(*name)) return false;
    choose_plugin(config.plugins.broker, *name, where_in(layer, node));
    return true;
  };
  row.reset = [](Config& config) { config.plugins.broker = Config{}.plugins.broker; };
  row.variables = {"PEER_BROKER", "PEER_BROKER_TYPE"};
  return row;
}

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kBillion = 1'000'000'000;

std::vector<ConfigKey> make_keys() {
  return {
      key("host", &Config::host, string("an address or a host name", 255)),
      key("port", &Config::port, integer(0, 65535)),
      key("port_file", &Config::port_file, path()),
      key("loops", &Config::loops, integer(0, 255)),

      key("max_peers", &Config::max_peers, integer(1, 10'000'000)),
      key("shard_count", &Config::shard_count, power_of_two(65536)),
      key("max_namespace_size", &Config::max_namespace_size, integer(1, 10'000'000)),
      key("max_namespaces_per_peer", &Config::max_namespaces_per_peer, integer(0, 1'000'000)),
      key("max_peer_state", &Config::max_peer_state, integer(kKiB, 1024 * kMiB)),
      key("send_buffer_size", &Config::send_buffer_size, integer(1, 1'000'000), "PEER_SEND_BUFFER"),
      key("send_buffer_bytes", &Config::send_buffer_bytes, integer(0, 1024 * kMiB)),

      key("write_timeout", &Config::write_timeout, duration(1ms, 24h)),
      key("read_timeout", &Config::read_timeout, duration(1ms, 24h)),
      key("ping_interval", &Config::ping_interval, duration(1ms, 24h)),
      key("pong_wait", &Config::pong_wait, duration(1ms, 24h)),
      key("drain_delay", &Config::drain_delay, duration(0ms, 24h)),
      key("shutdown_timeout", &Config::shutdown_timeout, duration(1ms, 24h)),

      key("max_message_size", &Config::max_message_size, integer(64, 128 * kMiB)),
      key("max_name_length", &Config::max_name_length, integer(1, kMiB)),
      key("max_alias_length", &Config::max_alias_length, integer(1, 64 * kKiB)),
      key("max_app_type_length", &Config::max_app_type_length, integer(1, 64 * kKiB)),
      key("max_public_key_length", &Config::max_public_key_length, integer(1, kMiB)),
      key("max_meta_size", &Config::max_meta_size, integer(2, 16 * kMiB)),
      key("max_join_meta_size", &Config::max_join_meta_size, integer(2, 16 * kMiB)),
      key("max_criteria_size", &Config::max_criteria_size, integer(2, 16 * kMiB)),
      key("max_exclude", &Config::max_exclude, integer(0, 1'000'000)),
      key("max_peer_list_size", &Config::max_peer_list_size, integer(kKiB, 128 * kMiB)),
      key("discover_limit_max", &Config::discover_limit_max, integer(1, 1'000'000)),

      key("rate_limit_per_sec", &Config::rate_limit_per_sec, integer(1, kBillion)),
      key("rate_limit_burst", &Config::rate_limit_burst, integer(1, kBillion)),
      key("rate_limit_shards", &Config::rate_limit_shards, power_of_two(65536)),
      key("rate_limit_flood", &Config::rate_limit_flood, integer(0, kBillion)),
      key("fanout_limit_per_sec", &Config::fanout_limit_per_sec, integer(0, kBillion)),

      key("match_group_max", &Config::match_group_max, integer(2, 10'000)),
      key("match_timeout", &Config::match_timeout, duration(0ms, 24h)),
      key("reserved_namespaces", &Config::reserved_namespaces, names()),

      key("stats_access", &Config::stats_access,
          one_of<StatsAccess>({{"public", StatsAccess::kPublic},
                               {"loopback", StatsAccess::kLoopback},
                               {"off", StatsAccess::kOff}})),
      key("stats_list_rooms", &Config::stats_list_rooms, boolean()),

      broker_type(),
      hidden(key("redis_addr", &Config::redis_addr, address(), "REDIS_ADDR")),
      secret(
          key("redis_password", &Config::redis_password, string("a password"), "REDIS_PASSWORD")),
      key("redis_db", &Config::redis_db, integer(0, 65535)),
      hidden(key("tls_cert", &Config::tls_cert, path(), "TLS_CERT")),
      hidden(key("tls_key", &Config::tls_key, path(), "TLS_KEY")),
      key("compression_enabled", &Config::compression_enabled, boolean(), "PEER_COMPRESSION"),
      key("metrics_enabled", &Config::metrics_enabled, boolean()),
      key("metrics_port", &Config::metrics_port, integer(0, 65535)),

      key("log_level", &Config::log_level, log_level()),
  };
}

}  // namespace

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = make_keys();
  return keys;
}

const ConfigKey* find_config_key(std::string_view name) {
  for (const ConfigKey& key : config_keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

bool is_plugin_name(std::string_view name) {
  constexpr std::string_view kBytes = "abcdefghijklmnopqrstuvwxyz0123456789_";
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of(kBytes) == std::string_view::npos;
}

void choose_plugin(PluginChoice& choice, const std::string& name, const std::string& where) {
  if (choice.name != name) choice = {.name = name, .file = {}, .options = {}, .where = {}};
  choice.where = where;
}

std::optional<std::string> absolute_path(const ConfigLayer& layer, const std::string& text) {
  if (has_control_characters(text) || text.size() > 4096) return std::nullopt;
  return (layer.base / text).lexically_normal().string();
}

}  // namespace peer
