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
  std::string file;  ///< absolute; empty: <prefix>_<name>.so in the plugin directories
  std::map<std::string, sdk::PluginOption, std::less<>> options;
  std::string where;  ///< "peer-server.yaml:12", or the variable or flag it came from
  /// The same of each option; of what is in maps with its path, "keys[0].kid".
  std::map<std::string, std::string, std::less<>> option_where = {};
  /// The text of each option that came without a type (environment, command line): if the plugin
  /// expects a string, `12` is one (settle_options.h).
  std::map<std::string, std::string, std::less<>> option_text = {};
  std::string as = {};  ///< what the log and the metrics call it; empty: by its name
  /// The names that it serves: exact, or a prefix followed by '*'. Empty: those that no other entry
  /// of its list does.
  std::vector<std::string> namespaces = {};

  friend bool operator==(const PluginChoice&, const PluginChoice&) = default;
};

/// What is there unless somebody chooses.
[[nodiscard]] inline PluginChoice default_plugin(const char* name) {
  return {.name = name, .file = {}, .options = {}, .where = "default"};
}

/// The `plugins` section. What each list means: plugin_kinds.h. No list is ever empty, but for the
/// last.
struct PluginsConfig {
  /// Where the shipped plugins are, absolute; empty: lib/peer-server/plugins beside the
  /// executable's bin/.
  std::string directory;
  std::vector<std::string> directories;  ///< absolute; searched before that one, in this order
  std::vector<PluginChoice> broker{default_plugin("local")};
  std::vector<PluginChoice> match_strategy{default_plugin("criteria")};
  std::vector<PluginChoice> room_policy{default_plugin("standard")};
  std::vector<PluginChoice> auth{default_plugin("open")};
  std::vector<PluginChoice> dialects;

  friend bool operator==(const PluginsConfig&, const PluginsConfig&) = default;
};

/// A STUN or TURN server that peers are told of (docs/ice.md); checked by read_ice_servers().
struct IceServer {
  std::vector<std::string> urls = {};     ///< stun:, turn: and turns:, in the order given
  std::vector<std::string> secrets = {};  ///< shared with the TURN server: the first signs; or none
  milliseconds ttl = std::chrono::hours(12);  ///< of the credentials that a secret makes
  std::string username = {};                  ///< with `credential`, for everybody; or empty
  std::string credential = {};

  friend bool operator==(const IceServer&, const IceServer&) = default;
};

enum class AdminRole { kRead, kWrite };

/// Who may use the Server API (docs/api.md); checked by read_admin_tokens().
struct AdminToken {
  std::string name = {};  ///< what the log calls who has it
  std::string token = {};
  AdminRole role = AdminRole::kRead;

  friend bool operator==(const AdminToken&, const AdminToken&) = default;
};

/// Who is told of events by POST (docs/api.md, "Webhooks"); checked by read_webhooks().
struct Webhook {
  std::string url = {};
  std::vector<std::string> events = {"register", "leave", "room", "match"};
  std::vector<std::string> secrets = {};  ///< at least one; each signs

  friend bool operator==(const Webhook&, const Webhook&) = default;
};

enum class StatsAccess { kPublic, kLoopback, kOff };
enum class ProxyProtocol { kOff, kRequire };
/// kAuto: where the kernel has it and allows it.
enum class IoUring { kOff, kAuto, kOn };

/// Everything that can be configured, with its default (docs/configuration.md). A member has
/// the name of its key. Plain data, checked once by load_config() and read-only afterwards.
struct Config {
  // Listening.
  std::string host = "0.0.0.0";
  std::uint16_t port = 8080;  ///< 0: any free one, told by port_file
  std::string port_file;      ///< written once the server listens; empty: none
  std::uint32_t loops = 0;    ///< event loop threads, at most 255; 0: one per core that it may use
  IoUring io_uring = IoUring::kOff;  ///< for sends
  std::string path = "/ws";          ///< of the WebSocket endpoint; a slash at its end is forgiven
  std::string unix_socket;           ///< absolute; empty: none
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
  std::uint32_t password_queue = 256;                  ///< passwords of rooms that wait
  std::uint32_t max_empty_rooms = 1000;                ///< rooms that wait for members
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

  // Sessions that outlive their connection (docs/protocol.md, "C.6 Session resume").
  milliseconds resume_window{30'000};             ///< how long; 0: none is ever given out
  milliseconds resume_max_age{24 * 3'600'000};    ///< since `register`
  std::uint32_t max_away_sessions = 0;            ///< 0: a quarter of max_peers
  std::uint32_t resume_buffer_size = 64;          ///< sent messages that are kept for one session
  std::uint64_t resume_buffer_bytes = 64 * 1024;  ///< of these
  std::uint64_t resume_total_bytes = 256 * 1024 * 1024;  ///< kept for all sessions
  /// Handed to other nodes when this one stops; 0: nothing, sessions end with their node.
  std::uint64_t resume_parked_bytes = 64 * 1024 * 1024;

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

  std::vector<IceServer> ice_servers;  ///< peers that ask are told of these

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
  milliseconds presence_interval{100};     ///< between two `peer_updated` of a peer in a namespace

  // Matching and rooms.
  std::uint32_t match_group_max = 64;
  milliseconds match_timeout{0};                 ///< 0: never
  std::vector<std::string> reserved_namespaces;  ///< exact names, or a prefix followed by '*'
  std::vector<std::string> quiet_namespaces;     ///< the same; nobody is told who comes and goes
  bool discover_quiet = false;                   ///< who is in these can be asked for

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

  // The Server API (docs/api.md).
  std::uint16_t admin_port = 0;  ///< 0: there is none
  std::string admin_host = "127.0.0.1";
  bool admin_tls = false;       ///< with the certificate of tls_cert
  bool admin_insecure = false;  ///< plain HTTP beyond this machine
  std::string admin_token;      ///< may do everything; empty: none
  std::vector<AdminToken> admin_tokens;
  std::vector<Webhook> webhooks;
  std::string bans_file;                  ///< absolute; empty: bans end with the process
  std::uint32_t max_bans = 10000;         ///< at one time
  milliseconds admin_history{3'600'000};  ///< what the node keeps of its past; 0: nothing

  // Logging.
  std::string log_level = "information";  ///< a Poco::Logger level name
  std::string log_format = "text";        ///< text or json
  std::string log_file;                   ///< absolute; empty: stderr
  bool log_addresses = true;  ///< clients' addresses in debug lines and of those turned away

  PluginsConfig plugins;

  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace peer
