#include "core/config/finish_config.h"

#include <cstdint>
#include <string>
#include <utility>

#include <peer/sdk/duration.h>

#include "core/base/address.h"
#include "core/config/plugin_kinds.h"
#include "core/config/read_secret_file.h"

// The checks that need all layers. In: the draft. Out: mistakes, each at the place where one of the
// values was set, and the redis_... keys as options of the broker plugin `redis`. Main thread.
namespace peer {
namespace {

bool is_any(const std::string& host) { return host == "0.0.0.0" || host == "::" || host == "[::]"; }

/// Two sockets on one port.
void check_metrics_port(ConfigDraft& draft) {
  const Config& config = draft.config;
  const std::string& other = config.metrics_host;
  const bool same_host =
      other.empty() || other == config.host || is_any(other) || is_any(config.host);
  if (!config.metrics_enabled || config.metrics_port == 0 || config.unix_socket_only ||
      config.metrics_port != config.port || !same_host) {
    return;
  }
  draft.mistake(
      draft.origin("metrics_port").where,
      "metrics_port: expected another port than port (" + std::to_string(config.port) + ")");
}

bool is_loopback(const std::string& host) {
  const auto address = parse_address(host);
  return host == "localhost" || (address && address->is_loopback());
}

/// What makes the Server API safe to have.
void check_admin(ConfigDraft& draft) {
  const Config& config = draft.config;
  if (config.admin_port == 0) return;
  const std::string where = draft.origin("admin_port").where;
  if (config.admin_token.empty() && config.admin_tokens.empty()) {
    draft.mistake(where, "admin_port: expected admin_token or admin_tokens with it");
  }
  if (!is_loopback(config.admin_host) && !config.admin_tls && !config.admin_insecure) {
    draft.mistake(draft.origin("admin_host").where,
                  "admin_host: expected an address of this machine alone, or admin_tls: true, or "
                  "admin_insecure: true; tokens would cross the network in clear");
  }
  if (config.admin_tls && config.tls_cert.empty()) {
    draft.mistake(draft.origin("admin_tls").where,
                  "admin_tls: expected tls_cert and tls_key with it");
  }
  const bool is_port = config.admin_port == config.port && !config.unix_socket_only;
  const bool is_metrics = config.metrics_enabled && config.admin_port == config.metrics_port;
  if (is_port || is_metrics) {
    draft.mistake(where, std::string("admin_port: expected another port than ") +
                             (is_port ? "port" : "metrics_port") + " (" +
                             std::to_string(config.admin_port) + ")");
  }
}

void check_unix_socket(ConfigDraft& draft) {
  const Config& config = draft.config;
  if (config.unix_socket_only && config.unix_socket.empty()) {
    draft.mistake(draft.origin("unix_socket_only").where,
                  "unix_socket_only: expected unix_socket with it, to listen on");
  }
}

/// A certificate and its key come together.
void check_tls(ConfigDraft& draft) {
  const Config& config = draft.config;
  if (config.tls_cert.empty() == config.tls_key.empty()) return;
  const std::string given = config.tls_cert.empty() ? "tls_key" : "tls_cert";
  const std::string missing = config.tls_cert.empty() ? "tls_cert" : "tls_key";
  draft.mistake(draft.origin(given).where,
                given + ": expected " + missing + " with it, or neither");
}

/// The last connections need time to close, too.
void check_shutdown(ConfigDraft& draft) {
  const Config& config = draft.config;
  if (config.shutdown_spread.count() == 0) return;
  if (config.shutdown_spread < config.shutdown_timeout) return;
  draft.mistake(draft.origin("shutdown_spread").where,
                "shutdown_spread: expected less than shutdown_timeout (" +
                    sdk::format_duration(config.shutdown_timeout) + "), got " +
                    sdk::format_duration(config.shutdown_spread));
}

/// A bound above the bytes that the server holds for one peer could never be reached.
void check_against_peer_state(ConfigDraft& draft) {
  const Config& config = draft.config;
  const std::pair<const char*, std::uint64_t> bounds[] = {
      {"max_name_length", config.max_name_length},
      {"max_meta_size", config.max_meta_size},
      {"max_join_meta_size", config.max_join_meta_size},
      {"max_criteria_size", config.max_criteria_size},
  };
  for (const auto& [key, bound] : bounds) {
    if (bound <= config.max_peer_state) continue;
    // The mistake is where somebody has set something: a bound at its default was not what they
    // changed.
    const bool lowered = draft.origin(key).where == ConfigDraft::Origin{}.where;
    draft.mistake(draft.origin(lowered ? "max_peer_state" : key).where,
                  std::string(key) + ": expected at most max_peer_state (" +
                      std::to_string(config.max_peer_state) + "), got " + std::to_string(bound) +
                      "; lower it or raise max_peer_state");
  }
}

/// Sets an option from its top-level key, unless a layer at least as high gave the option itself.
void pass_on(ConfigDraft& draft, const std::string& key, const std::string& option,
             sdk::PluginConfig::Option value) {
  PluginChoice& broker = draft.config.plugins.broker.front();
  for (const std::string& name : {option, option + std::string(kSecretFileSuffix)}) {
    const LayerRank given = draft.origin("plugins.broker.options." + name).rank;
    if (broker.options.contains(name) && given >= draft.origin(key).rank) return;
    broker.options.erase(name);
    broker.option_where.erase(name);
    broker.option_text.erase(name);
  }
  broker.options.emplace(option, std::move(value));
  broker.option_where.emplace(option, draft.origin(key).where);
}

void pass_on_redis_keys(ConfigDraft& draft) {
  const Config& config = draft.config;
  if (config.plugins.broker.front().name != "redis") return;
  pass_on(draft, "redis_addr", "addr", config.redis_addr);
  pass_on(draft, "redis_db", "db", std::int64_t{config.redis_db});
  if (!config.redis_password.empty()) {
    pass_on(draft, "redis_password", "password", config.redis_password);
  }
}

}  // namespace

void finish_config(ConfigDraft& draft) {
  check_plugin_lists(draft.config.plugins, [&](const std::string& where, const std::string& text) {
    draft.mistake(where, text);
  });
  complete_plugin_lists(draft.config.plugins, [&](const PluginKind& kind) {
    if ((draft.config.plugins.*kind.choices).size() > 2) return;
    draft.move_origins(plugin_path(kind.name, 0, 1), plugin_path(kind.name, 0, 2));
  });
  check_metrics_port(draft);
  check_admin(draft);
  check_unix_socket(draft);
  check_tls(draft);
  check_shutdown(draft);
  check_against_peer_state(draft);
  pass_on_redis_keys(draft);
}

}  // namespace peer
