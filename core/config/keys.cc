#include "core/config/keys.h"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/config/admin_tokens.h"
#include "core/config/ice_servers.h"
#include "core/config/value_rules.h"
#include "core/config/webhooks.h"
#include "core/config/write_yaml.h"

// The table of all top-level keys. In: the members of Config, and how each is written
// (value_rules.h). Out: for each key what file, environment, command line, --print-config and
// reload need to know. It is made once, at the first use, and never changes: any thread may read
// it. A test compares it with docs/configuration.md and config/peer-server.yaml.
namespace peer {
namespace {

using namespace std::chrono_literals;

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
    // A number is refused rather than cut, whatever the rule of the key allows.
    if (value > std::numeric_limits<T>::max()) return false;
    member = static_cast<T>(value);
  } else {
    member = std::move(value);
  }
  return true;
}

/// A row of the table. `variable` is an older name for it in the environment, besides
/// PEER_<NAME>.
template <typename T, typename V>
ConfigKey key(std::string name, T Config::*member, const ValueRule<V>& rule,
              const char* variable = nullptr) {
  ConfigKey row;
  row.expected = rule.expected;
  row.list = std::same_as<T, std::vector<std::string>>;
  row.read = [member, parse = rule.parse](Config& config, const ConfigNode& node,
                                          const ConfigLayer& layer) {
    auto value = parse(node, layer);
    return value && store(config.*member, std::move(*value));
  };
  row.fault = rule.fault;
  row.write = [member](const Config& config) { return to_yaml(config.*member); };
  row.copy = [member](const Config& from, Config& to) { to.*member = from.*member; };
  if (variable != nullptr) row.variables.emplace_back(variable);
  row.variables.push_back(default_variable(name));
  row.path = name;
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

ConfigKey fixed(ConfigKey row) {
  row.needs_restart = true;
  return row;
}

ConfigKey seconds(ConfigKey row) {
  row.meant_in_seconds = true;
  return row;
}

/// Short for plugins.broker.name.
ConfigKey broker_type() {
  ConfigKey row;
  row.name = "broker_type";
  row.path = "plugins.broker.name";
  row.expected = kExpectedPluginName;
  row.read = [](Config& config, const ConfigNode& node, const ConfigLayer& layer) {
    const auto name = as_string(node);
    if (!name || !is_plugin_name(*name)) return false;
    choose_plugin(config.plugins.broker.front(), *name, where_in(layer, node));
    return true;
  };
  row.write = [](const Config& config) { return to_yaml(config.plugins.broker.front().name); };
  row.copy = [](const Config& from, Config& to) { to.plugins.broker = from.plugins.broker; };
  row.needs_restart = true;
  row.variables = {"PEER_BROKER", "PEER_BROKER_TYPE"};
  return row;
}

/// Of maps: read_ice_servers() reports what is wrong in it.
ConfigKey ice_servers() {
  ConfigKey row;
  row.name = row.path = "ice_servers";
  row.expected = "a list of maps";
  row.hidden = true;
  row.read_parts = read_ice_servers;
  row.holds_secrets = [](const Config& config) {
    return std::any_of(config.ice_servers.begin(), config.ice_servers.end(),
                       [](const IceServer& server) {
                         return !server.secrets.empty() || !server.credential.empty();
                       });
  };
  row.write = [](const Config& config) { return to_yaml(config.ice_servers); };
  row.copy = [](const Config& from, Config& to) { to.ice_servers = from.ice_servers; };
  row.variables = {default_variable(row.name)};
  return row;
}

/// Of maps, as ice_servers.
ConfigKey admin_tokens() {
  ConfigKey row;
  row.name = row.path = "admin_tokens";
  row.expected = "a list of maps";
  row.hidden = true;
  row.read_parts = read_admin_tokens;
  row.holds_secrets = [](const Config& config) { return !config.admin_tokens.empty(); };
  row.write = [](const Config& config) { return to_yaml(config.admin_tokens); };
  row.copy = [](const Config& from, Config& to) { to.admin_tokens = from.admin_tokens; };
  row.variables = {default_variable(row.name)};
  return row;
}

/// Of maps, as ice_servers.
ConfigKey webhooks() {
  ConfigKey row;
  row.name = row.path = "webhooks";
  row.expected = "a list of maps";
  row.hidden = true;
  row.read_parts = read_webhooks;
  row.holds_secrets = [](const Config& config) { return !config.webhooks.empty(); };
  row.write = [](const Config& config) { return to_yaml(config.webhooks); };
  row.copy = [](const Config& from, Config& to) { to.webhooks = from.webhooks; };
  row.variables = {default_variable(row.name)};
  return row;
}

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kBillion = 1'000'000'000;

// `fixed` are those that size a table, name a file, or are used once at the start: a reload cannot
// change them.
std::vector<ConfigKey> make_keys() {  // NOLINT(readability-function-size): a table
  return {
      fixed(key("host", &Config::host, rule::host())),
      fixed(key("port", &Config::port, rule::integer(0, 65535))),
      fixed(key("port_file", &Config::port_file, rule::path())),
      fixed(key("unix_socket", &Config::unix_socket, rule::socket_path())),
      fixed(key("unix_socket_mode", &Config::unix_socket_mode, rule::file_mode())),
      fixed(key("unix_socket_owner", &Config::unix_socket_owner, rule::file_owner())),
      fixed(key("unix_socket_only", &Config::unix_socket_only, rule::boolean())),
      fixed(key("unix_socket_proxy_protocol", &Config::unix_socket_proxy_protocol,
                rule::proxy_protocol())),
      fixed(key("proxy_protocol", &Config::proxy_protocol, rule::proxy_protocol())),
      key("path", &Config::path, rule::http_path()),
      fixed(key("loops", &Config::loops, rule::integer(0, 255))),
      fixed(key("io_uring", &Config::io_uring, rule::io_uring())),

      key("max_peers", &Config::max_peers, rule::integer(1, 10'000'000)),
      fixed(key("shard_count", &Config::shard_count, rule::power_of_two(65536))),
      key("max_namespace_size", &Config::max_namespace_size, rule::integer(1, 10'000'000)),
      key("max_namespaces_per_peer", &Config::max_namespaces_per_peer, rule::integer(0, 1'000'000)),
      key("max_peer_state", &Config::max_peer_state, rule::integer(kKiB, 1024 * kMiB)),
      key("password_queue", &Config::password_queue, rule::integer(0, 65'536)),
      key("max_empty_rooms", &Config::max_empty_rooms, rule::integer(0, 1'000'000)),
      key("send_buffer_size", &Config::send_buffer_size, rule::integer(1, 1'000'000),
          "PEER_SEND_BUFFER"),
      key("send_buffer_bytes", &Config::send_buffer_bytes, rule::integer(0, 1024 * kMiB)),
      key("max_queued_bytes", &Config::max_queued_bytes, rule::integer(kMiB, 1024 * 1024 * kMiB)),

      seconds(key("write_timeout", &Config::write_timeout, rule::duration(1ms, 24h))),
      seconds(key("read_timeout", &Config::read_timeout, rule::duration(1ms, 24h))),
      seconds(key("ping_interval", &Config::ping_interval, rule::duration(1ms, 24h))),
      seconds(key("pong_wait", &Config::pong_wait, rule::duration(1ms, 24h))),
      seconds(key("drain_delay", &Config::drain_delay, rule::duration(0ms, 24h))),
      seconds(key("shutdown_timeout", &Config::shutdown_timeout, rule::duration(1ms, 24h))),
      seconds(key("shutdown_spread", &Config::shutdown_spread, rule::duration(0ms, 24h))),

      seconds(key("resume_window", &Config::resume_window, rule::duration(0ms, 24h))),
      seconds(key("resume_max_age", &Config::resume_max_age, rule::duration(1ms, 8760h))),
      key("max_away_sessions", &Config::max_away_sessions, rule::integer(0, 10'000'000)),
      key("resume_buffer_size", &Config::resume_buffer_size, rule::integer(1, 1'000'000)),
      key("resume_buffer_bytes", &Config::resume_buffer_bytes, rule::integer(1, 1024 * kMiB)),
      key("resume_total_bytes", &Config::resume_total_bytes, rule::integer(1, 1024 * 1024 * kMiB)),
      key("resume_parked_bytes", &Config::resume_parked_bytes,
          rule::integer(0, 1024 * 1024 * kMiB)),

      key("max_connections_per_ip", &Config::max_connections_per_ip, rule::integer(0, kBillion)),
      key("connection_rate_per_ip", &Config::connection_rate_per_ip, rule::integer(0, 1'000'000)),
      key("connection_burst_per_ip", &Config::connection_burst_per_ip, rule::integer(1, 1'000'000)),
      key("max_unregistered", &Config::max_unregistered, rule::integer(0, kBillion)),
      key("max_unregistered_per_ip", &Config::max_unregistered_per_ip, rule::integer(0, kBillion)),
      key("exempt_loopback", &Config::exempt_loopback, rule::boolean()),
      key("trusted_proxies", &Config::trusted_proxies, rule::address_ranges()),
      key("trusted_proxy_header", &Config::trusted_proxy_header, rule::proxy_header()),
      key("allowed_origins", &Config::allowed_origins, rule::origins()),
      key("subprotocols", &Config::subprotocols, rule::subprotocols()),
      ice_servers(),

      hidden(key("tls_cert", &Config::tls_cert, rule::path(), "TLS_CERT")),
      hidden(key("tls_key", &Config::tls_key, rule::path(), "TLS_KEY")),

      key("compression_enabled", &Config::compression_enabled, rule::boolean(), "PEER_COMPRESSION"),
      key("compression_threshold", &Config::compression_threshold, rule::integer(0, 128 * kMiB)),

      key("max_message_size", &Config::max_message_size, rule::integer(64, 128 * kMiB)),
      key("max_name_length", &Config::max_name_length, rule::integer(1, kMiB)),
      key("max_alias_length", &Config::max_alias_length, rule::integer(1, 64 * kKiB)),
      key("max_app_type_length", &Config::max_app_type_length, rule::integer(1, 64 * kKiB)),
      key("max_public_key_length", &Config::max_public_key_length, rule::integer(1, kMiB)),
      key("max_meta_size", &Config::max_meta_size, rule::integer(2, 16 * kMiB)),
      key("max_join_meta_size", &Config::max_join_meta_size, rule::integer(2, 16 * kMiB)),
      key("max_criteria_size", &Config::max_criteria_size, rule::integer(2, 16 * kMiB)),
      key("max_exclude", &Config::max_exclude, rule::integer(0, 1'000'000)),
      key("max_peer_list_size", &Config::max_peer_list_size, rule::integer(kKiB, 128 * kMiB)),
      key("discover_limit_max", &Config::discover_limit_max, rule::integer(1, 1'000'000)),

      key("rate_limit_per_sec", &Config::rate_limit_per_sec, rule::integer(1, kBillion)),
      key("rate_limit_burst", &Config::rate_limit_burst, rule::integer(1, kBillion)),
      fixed(key("rate_limit_shards", &Config::rate_limit_shards, rule::power_of_two(65536))),
      key("rate_limit_flood", &Config::rate_limit_flood, rule::integer(0, kBillion)),
      key("fanout_limit_per_sec", &Config::fanout_limit_per_sec, rule::integer(0, kBillion)),
      key("presence_interval", &Config::presence_interval, rule::duration(0ms, 1h)),

      key("match_group_max", &Config::match_group_max, rule::integer(2, 10'000)),
      seconds(key("match_timeout", &Config::match_timeout, rule::duration(0ms, 24h))),
      key("reserved_namespaces", &Config::reserved_namespaces, rule::names()),
      key("quiet_namespaces", &Config::quiet_namespaces, rule::names()),
      key("discover_quiet", &Config::discover_quiet, rule::boolean()),

      key("stats_access", &Config::stats_access, rule::stats_access()),
      key("stats_list_rooms", &Config::stats_list_rooms, rule::boolean()),

      broker_type(),
      fixed(hidden(key("redis_addr", &Config::redis_addr, rule::address(), "REDIS_ADDR"))),
      fixed(secret(key("redis_password", &Config::redis_password, rule::string("a password", 1024),
                       "REDIS_PASSWORD"))),
      fixed(key("redis_db", &Config::redis_db, rule::integer(0, 65535))),
      fixed(key("metrics_enabled", &Config::metrics_enabled, rule::boolean())),
      fixed(key("metrics_host", &Config::metrics_host,
                rule::string("an address or a host name", 255))),
      fixed(key("metrics_port", &Config::metrics_port, rule::integer(0, 65535))),

      fixed(key("admin_port", &Config::admin_port, rule::integer(0, 65535))),
      fixed(key("admin_host", &Config::admin_host, rule::host())),
      fixed(key("admin_tls", &Config::admin_tls, rule::boolean())),
      fixed(key("admin_insecure", &Config::admin_insecure, rule::boolean())),
      secret(key("admin_token", &Config::admin_token, admin_token_rule())),
      admin_tokens(),
      webhooks(),
      fixed(key("bans_file", &Config::bans_file, rule::path())),
      key("max_bans", &Config::max_bans, rule::integer(1, 1'000'000)),
      fixed(key("admin_history", &Config::admin_history, rule::duration(0ms, 24h))),

      key("log_level", &Config::log_level, rule::log_level()),
      fixed(key("log_format", &Config::log_format, rule::log_format())),
      fixed(key("log_file", &Config::log_file, rule::path())),
      key("log_addresses", &Config::log_addresses, rule::boolean()),
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
  if (choice.name != name) {
    std::vector<std::string> namespaces = std::move(choice.namespaces);
    choice = {};
    choice.namespaces = std::move(namespaces);
  }
  choice.name = name;
  choice.where = where;
}

}  // namespace peer
