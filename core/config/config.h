#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <peer/sdk/plugin_config.h>

#include "core/base/proxy_header.h"

namespace peer {

using std::chrono::milliseconds;

/// One plugin as named in YAML: `{name: criteria, file: x.so, options: {...}}`.
struct PluginChoice {
  std::string name;  ///< empty: none, since what was written is a mistake
  std::string file;  ///< absolute; empty: <prefix>_<name>.so in the plugin directory
  std::map<std::string, sdk::PluginConfig::Option, std::less<>> options;
  std::string where;  ///< "peer-server.yaml:12", or the variable or flag it came from
  std::map<std::string, std::string, std::less<>> option_where = {};  ///< the same of each option
  /// The text of each option that came without a type (environment, command line): if the plugin
  /// expects a string, `12` is one (settle_options.h).
  std::map<std::string, std::string, std::less<>> option_text = {};

  friend bool operator==(const PluginChoice&, const PluginChoice&) = default;
};

/// The `plugins` section.
struct PluginsConfig {
  std::string directory;  ///< absolute; empty: lib/peer-server/plugins beside the executable's bin/
  PluginChoice broker{.name = "local", .file = {}, .options = {}, .where = "default"};
  PluginChoice match_strategy{.name = "criteria", .file = {}, .options = {}, .where = "default"};
  PluginChoice room_policy{.name = "standard", .file = {}, .options = {}, .where = "default"};
  PluginChoice auth{.name = "open", .file = {}, .options = {}, .where = "default"};

  friend bool operator==(const PluginsConfig&, const PluginsConfig&) = default;
};

enum class StatsAccess { kPublic, kLoopback, kOff };
enum class ProxyProtocol { kOff, kRequire };

/// Everything that can be configured, with its default (docs/configuration.md). A member has
/// the name of its key. Plain data, checked once by load_config() and read-only afterwards.
struct Config {
  // Listening.
  std::string host = "0.0.0.0";
  std::uint16_t port = 8080;  ///< 0: any free one, told by port_file
  std::string port_file;      ///< written once the server listens; empty: none
  std::uint32_t loops = 0;    ///< event loop threads, at most 255; 0: one per core that it may use
  std::string path = "/ws";   ///< of the WebSocket endpoint; a slash at its end is forgiven
  std::string unix_socket;    ///< absolute; empty: none
  std::string unix_socket_mode = "0660";  ///< octal
  std::string unix_socket_owner;          ///< "user", "user:group", ":group"; empty: the process's
  bool unix_socket_only = false;          ///< no port
  ProxyProtocol proxy_protocol = ProxyProtocol::kOff;              ///< on the port
  ProxyProtocol unix_socket_proxy_protocol = ProxyProtocol::kOff;  ///< on the Unix socket

  // Capacity.
  std::uint32_t max_peers = 100000;
  std::uint32_t shard_count = 64;  ///< a power of two, 1 to 65536
  std::uint32_t max_namespace_size = 100000;
  std::uint32_t max_namespaces_per_peer = 0;           ///< 0: no limit
  std::uint64_t max_peer_state = 1024 * 1024;          ///< bytes held for one peer
  std::uint32_t send_buffer_size = 32;                 ///< messages queued for one peer
  std::uint64_t send_buffer_bytes = 0;                 ///< 0: send_buffer_size x max_message_size
  std::uint64_t max_queued_bytes = 256 * 1024 * 1024;  ///< in the queues of all peers

  // Times.
  milliseconds write_timeout{10'000};
  milliseconds read_timeout{60'000};
  milliseconds ping_interval{30'000};
  milliseconds pong_wait{35'000};
  milliseconds drain_delay{0};
  milliseconds shutdown_timeout{5'000};
  milliseconds shutdown_spread{0};  ///< of shutdown_timeout: over which connections are closed

  // Connections by address: IPv4, or the /64 of IPv6. 0: no limit.
  std::uint32_t max_connections_per_ip = 2000;
  std::uint32_t connection_rate_per_ip = 100;    ///< new ones a second
  std::uint32_t connection_burst_per_ip = 1000;  ///< new ones at once after a pause
  std::uint32_t max_unregistered = 10000;        ///< of all addresses
  std::uint32_t max_unregistered_per_ip = 1000;
  bool exempt_loopback = true;
  std::vector<std::string> trusted_proxies;  ///< addresses and CIDR ranges
  ProxyHeader trusted_proxy_header = ProxyHeader::kAuto;
  std::vector<std::string> allowed_origins;  ///< OriginPattern; empty: all
  std::vector<std::string> subprotocols;     ///< answered to who offers them; empty: none is

  // TLS: PEM files, absolute; both or neither.
  std::string tls_cert;  ///< with its chain
  std::string tls_key;

  // Compression (permessage-deflate, RFC 7692).
  bool compression_enabled = false;            ///< false: never negotiated
  std::uint64_t compression_threshold = 1024;  ///< bytes; shorter messages are sent as they are

  // Bounds of messages, in bytes unless said otherwise.
  std::uint64_t max_message_size = 65536;
  std::uint32_t max_name_length = 4096;  ///< namespaces and rooms
  std::uint32_t max_alias_length = 256;
  std::uint32_t max_app_type_length = 256;  ///< app_type and version
  std::uint32_t max_public_key_length = 8192;
  std::uint32_t max_meta_size = 8192;  ///< a peer's merged meta
  std::uint32_t max_join_meta_size = 4096;
  std::uint32_t max_criteria_size = 4096;
  std::uint32_t max_exclude = 1000;              ///< entries
  std::uint32_t max_peer_list_size = 60 * 1024;  ///< of a whole peer_list or matched
  std::uint32_t discover_limit_max = 500;        ///< peers

  // Rates.
  std::uint32_t rate_limit_per_sec = 100;
  std::uint32_t rate_limit_burst = 200;
  std::uint32_t rate_limit_shards = 32;    ///< a power of two
  std::uint32_t rate_limit_flood = 10000;  ///< limited messages in a row; 0: never
  std::uint32_t fanout_limit_per_sec = 0;  ///< copies; 0: off

  // Matching and rooms.
  std::uint32_t match_group_max = 64;
  milliseconds match_timeout{0};                 ///< 0: never
  std::vector<std::string> reserved_namespaces;  ///< exact names, or a prefix followed by '*'

  // HTTP.
  StatsAccess stats_access = StatsAccess::kPublic;
  bool stats_list_rooms = false;

  // Keys that the original implementation has as well.
  std::string redis_addr = "localhost:6379";  ///< options of the broker plugin `redis`
  std::string redis_password;
  std::uint32_t redis_db = 0;
  bool metrics_enabled = false;       ///< Prometheus text at /metrics
  std::string metrics_host;           ///< empty: as host
  std::uint16_t metrics_port = 9090;  ///< 0: any free one, told by the log

  // Logging.
  std::string log_level = "information";  ///< a Poco::Logger level name
  std::string log_format = "text";        ///< text or json
  std::string log_file;                   ///< absolute; empty: stderr
  bool log_addresses = true;  ///< clients' addresses in debug lines and of those turned away

  PluginsConfig plugins;

  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace peer
