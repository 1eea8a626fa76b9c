#include "options.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string_view>

namespace peer_redis {
namespace {

/// A name, or an address of either kind.
bool is_host(std::string_view host) {
  const auto belongs = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  in6_addr address;
  if (host.find(':') != std::string_view::npos) {
    return inet_pton(AF_INET6, std::string(host.substr(0, host.find('%'))).c_str(), &address) == 1;
  }
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), belongs);
}

/// `host:port`, `host`, `[v6]:port`. False when there is no such reading.
bool split_address(std::string_view address, Options& options) {
  std::string_view host = address;
  std::string_view port = "6379";
  if (!address.empty() && address.front() == '[') {
    const auto end = address.find(']');
    if (end == std::string_view::npos) return false;
    host = address.substr(1, end - 1);
    if (host.find(':') == std::string_view::npos) return false;
    const std::string_view rest = address.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return false;
    if (!rest.empty()) port = rest.substr(1);
  } else if (const auto colon = address.find(':'); colon != std::string_view::npos) {
    if (address.find(':', colon + 1) != std::string_view::npos) return false;
    host = address.substr(0, colon);
    port = address.substr(colon + 1);
  }
  const bool digits =
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!is_host(host) || port.empty() || port.size() > 5 || !digits) return false;
  const int number = std::stoi(std::string(port));
  if (number < 1 || number > 65535) return false;
  options.host = host;
  options.port = port;
  return true;
}

bool is_prefix(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::none_of(text.begin(), text.end(), [](char c) {
    return c <= ' ' || c == '{' || c == '}' || c == '*' || c == '?' || c == '[' || c == 0x7F;
  });
}

}  // namespace

Options read_options(peer::sdk::PluginConfig& config) {
  using std::chrono::milliseconds;
  Options options;
  if (!split_address(config.string("addr", "localhost:6379"), options)) {
    config.mistake("addr", "host:port, as in \"localhost:6379\" or \"[::1]:6379\"");
  }
  options.password = config.string("password", "");
  options.db = config.integer("db", 0, 0, 1000000);
  options.prefix = config.string("prefix", options.prefix);
  if (!is_prefix(options.prefix)) {
    config.mistake("prefix", "1 to 64 printable characters, none of { } * ? [");
  }
  options.required = config.boolean("required", options.required);
  options.legacy_channels = config.boolean("legacy_channels", options.legacy_channels);
  options.legacy_strict = config.boolean("legacy_strict", options.legacy_strict);
  options.beat = milliseconds(config.integer("beat_ms", options.beat.count(), 20, 60000));
  options.lease = milliseconds(config.integer("lease_ms", options.lease.count(), 100, 600000));
  options.operation_timeout =
      milliseconds(config.integer("timeout_ms", options.operation_timeout.count(), 50, 1500));
  options.lookup = milliseconds(config.integer("lookup_ms", options.lookup.count(), 50, 3600000));
  if (options.lease < 2 * options.beat) config.mistake("lease_ms", "at least twice beat_ms");
  return options;
}

}  // namespace peer_redis
