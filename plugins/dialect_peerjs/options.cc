#include "options.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace peer_peerjs {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestPath = 128;
constexpr std::size_t kLongestKey = 64;

/// RFC 3986, 2.3: what no client writes otherwise in an address.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// One part of a path: neither empty nor "." nor "..", which clients leave out of addresses.
bool is_segment(std::string_view text) {
  return !text.empty() && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), is_unreserved);
}

/// Of a path with a slash at both ends.
bool is_path(std::string_view path) {
  if (path.size() > kLongestPath || !path.starts_with('/')) return false;
  for (path.remove_prefix(1); !path.empty();) {
    const std::size_t end = path.find('/');
    if (!is_segment(path.substr(0, end))) return false;
    path.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace

Options read_options(peer::sdk::PluginConfig& config) {
  Options options;
  options.path = config.string("path", "/");
  if (!options.path.ends_with('/')) options.path += '/';
  if (!is_path(options.path)) {
    config.mistake("path", "a path such as /myapp, of letters, digits and -._~");
    options.path = "/";
  }
  options.key = config.string("key", "peerjs");
  if (options.key.size() > kLongestKey || !is_segment(options.key)) {
    config.mistake("key", "1 to 64 letters, digits and -._~");
  }
  options.allow_discovery = config.boolean("allow_discovery", false);
  options.expire = config.duration("expire_timeout", options.expire, 1ms, 60s);
  options.alive = config.duration("alive_timeout", options.alive, 100ms, 24h);
  options.ns = config.string("namespace", "");
  return options;
}

}  // namespace peer_peerjs
