#include "options.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "copies.h"

// In: what the operator has written, as options and as URLs. Out: Options, and a mistake for each
// thing that makes no sense. One thing may be said in two places, as an option and in a URL: then
// both must agree, and no text of a mistake shows a password.
namespace peer_redis {
namespace {

using peer::sdk::PluginConfig;

constexpr std::string_view kDefaultAddress = "localhost:6379";

bool is_prefix(std::string_view text) {
  // Braces would change the slot of the keys in a Cluster; the others are patterns of Redis.
  return !text.empty() && text.size() <= 64 && std::none_of(text.begin(), text.end(), [](char c) {
    return c <= ' ' || c == '{' || c == '}' || c == '*' || c == '?' || c == '[' || c == 0x7F;
  });
}

/// The value of a key that may stand in an address, too. Two that differ are a mistake, in which
/// neither is shown: it may be a password.
void merge(PluginConfig& config, std::string_view key, std::string_view address_key,
           std::string& value, const std::string& of_address) {
  if (of_address.empty()) return;
  if (!value.empty() && value != of_address) {
    config.mistake(key, "what '" + std::string(address_key) + "' says, or nothing");
  }
  value = of_address;
}

/// What all addresses of one key say; where an address says nothing, any other counts.
class Merged {
 public:
  Merged(PluginConfig& config, std::string_view key) : config_(config), key_(key) {}

  void add(const RedisUrl& url) {
    endpoints.push_back(url.endpoint);
    take(username, url.username);
    take(password, url.password);
    if (!url.tls && !url.endpoint.path.empty()) return;
    if (tls && url.tls && *tls != *url.tls) contradict();
    if (url.tls) tls = url.tls;
    if (db && url.db && *db != *url.db) contradict();
    if (url.db) db = url.db;
  }

  std::vector<Endpoint> endpoints;
  std::string username;
  std::string password;
  std::optional<bool> tls;
  std::optional<std::int64_t> db;

 private:
  void take(std::string& value, const std::string& more) {
    if (!value.empty() && !more.empty() && value != more) contradict();
    if (!more.empty()) value = more;
  }
  void contradict() {
    if (!std::exchange(told_, true)) {
      config_.mistake(key_, "addresses of one scheme, user, password and database");
    }
  }

  PluginConfig& config_;
  std::string_view key_;
  bool told_ = false;
};

Merged read_addresses(PluginConfig& config) {
  Merged merged(config, "addr");
  const std::vector<RedisUrl> urls = parse_redis_urls(config.string("addr", kDefaultAddress));
  for (const RedisUrl& url : urls) merged.add(url);
  const bool has_path = std::any_of(urls.begin(), urls.end(),
                                    [](const RedisUrl& url) { return !url.endpoint.path.empty(); });
  if (urls.empty() || (has_path && urls.size() > 1)) {
    config.mistake("addr",
                   "host:port, as in \"localhost:6379\" or \"[::1]:6379\"; or a URL, as in "
                   "\"rediss://user:password@host:6379/0\" or \"unix:///run/redis.sock\"");
  }
  return merged;
}

Merged read_sentinels(PluginConfig& config) {
  Merged merged(config, "sentinels");
  for (const std::string& text : config.strings("sentinels")) {
    const auto url = parse_redis_url(text, "26379");
    if (!url || url->db || !url->endpoint.path.empty()) {
      config.mistake("sentinels", "a list of host:port, as in [\"sentinel1:26379\"]");
      return merged;
    }
    merged.add(*url);
  }
  return merged;
}

void read_access(PluginConfig& config, const Merged& addresses, Options& options) {
  Access& access = options.access;
  access.username = config.string("username", "");
  access.password = config.string("password", "");
  merge(config, "username", "addr", access.username, addresses.username);
  merge(config, "password", "addr", access.password, addresses.password);
  access.tls = config.boolean("tls", addresses.tls.value_or(false));
  if (addresses.tls && access.tls != *addresses.tls) {
    config.mistake("tls",
                   "what 'addr' says: rediss:// is with TLS, and redis:// and unix: are not");
  }
  options.db = config.integer("db", 0, 0, 1000000);
  if (addresses.db) {
    if (options.db != 0 && options.db != *addresses.db) {
      config.mistake("db", "what 'addr' says, or nothing");
    }
    options.db = *addresses.db;
  }
}

void read_sentinel_access(PluginConfig& config, const Merged& sentinels, Options& options) {
  Access& access = options.sentinel_access;
  access.username = config.string("sentinel_username", "");
  access.password = config.string("sentinel_password", "");
  merge(config, "sentinel_username", "sentinels", access.username, sentinels.username);
  merge(config, "sentinel_password", "sentinels", access.password, sentinels.password);
  access.tls = sentinels.tls.value_or(false);
  options.master = config.string("master", "");
  if (options.sentinels.empty() != options.master.empty()) {
    config.mistake("master", "the name that 'sentinels' know it by, and both of them or neither");
  }
}

void read_tls(PluginConfig& config, Options& options) {
  TlsOptions& tls = options.tls;
  tls.ca_file = config.string("tls_ca_file", "");
  tls.cert_file = config.string("tls_cert_file", "");
  tls.key_file = config.string("tls_key_file", "");
  tls.server_name = config.string("tls_server_name", "");
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    config.mistake("tls_cert_file", "tls_key_file with it, or neither");
    return;
  }
  const bool used = options.access.tls || options.sentinel_access.tls;
  const bool given = !tls.ca_file.empty() || !tls.cert_file.empty() || !tls.server_name.empty();
  if (given && !used)
    config.mistake("addr", "rediss:// (or 'tls: true') where TLS files are given");
  if (!used) return;
  if (const auto wrong = TlsClient::check(tls)) config.mistake(wrong->key, wrong->expected);
}

}  // namespace

Options read_options(PluginConfig& config) {
  using std::chrono::milliseconds;
  Options options;
  const Merged addresses = read_addresses(config);
  const Merged sentinels = read_sentinels(config);
  options.sentinels = sentinels.endpoints;
  options.endpoints = addresses.endpoints;
  read_access(config, addresses, options);
  read_sentinel_access(config, sentinels, options);
  if (!options.sentinels.empty()) {
    // The server fills in its own default.
    if (options.endpoints != std::vector<Endpoint>{parse_redis_url(kDefaultAddress)->endpoint}) {
      config.mistake("addr", "nothing beside 'sentinels', which know the address");
    }
    options.endpoints.clear();
  }
  read_tls(config, options);
  options.prefix = config.string("prefix", options.prefix);
  if (!is_prefix(options.prefix)) {
    config.mistake("prefix", "1 to 64 printable characters, none of { } * ? [");
  }
  options.required = config.boolean("required", options.required);
  options.legacy_channels = config.boolean("legacy_channels", options.legacy_channels);
  options.legacy_strict = config.boolean("legacy_strict", options.legacy_strict);
  options.parts = static_cast<std::size_t>(config.integer("parts", 1, 1, CopiesMade::kMostParts));
  if (options.parts > 1 && options.legacy_channels) {
    config.mistake("legacy_channels",
                   "false with 'parts' above 1: the original implementation knows no parts");
  }
  if (options.parts > 1 && !options.sentinels.empty()) {
    config.mistake("parts", "1 with 'sentinels', which know one master");
  }
  options.beat = milliseconds(config.integer("beat_ms", options.beat.count(), 20, 60000));
  options.lease = milliseconds(config.integer("lease_ms", options.lease.count(), 100, 600000));
  options.operation_timeout =
      milliseconds(config.integer("timeout_ms", options.operation_timeout.count(), 50, 1500));
  options.lookup = milliseconds(config.integer("lookup_ms", options.lookup.count(), 50, 3600000));
  // One beat that comes late must not make the others take this node for dead.
  if (options.lease < 2 * options.beat) config.mistake("lease_ms", "at least twice beat_ms");
  return options;
}

}  // namespace peer_redis
