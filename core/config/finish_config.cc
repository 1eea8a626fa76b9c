#include "core/config/finish_config.h"

#include <cstdint>
#include <string>
#include <utility>

#include <peer/sdk/duration.h>

#include "core/config/read_secret_file.h"

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
  PluginChoice& broker = draft.config.plugins.broker;
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
  if (config.plugins.broker.name != "redis") return;
  pass_on(draft, "redis_addr", "addr", config.redis_addr);
  pass_on(draft, "redis_db", "db", std::int64_t{config.redis_db});
  if (!config.redis_password.empty()) {
    pass_on(draft, "redis_password", "password", config.redis_password);
  }
}

}  // namespace

void finish_config(ConfigDraft& draft) {
  check_metrics_port(draft);
  check_unix_socket(draft);
  check_tls(draft);
  check_shutdown(draft);
  check_against_peer_state(draft);
  pass_on_redis_keys(draft);
}

}  // namespace peer
