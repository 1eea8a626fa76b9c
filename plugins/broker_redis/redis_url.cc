#include "redis_url.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

// In: texts of the operator, and of Redis and Sentinels, which may be anything. Out: endpoints
// whose host and port are well formed. Whatever has no single reading is refused: no part is
// guessed.
namespace peer_redis {
namespace {

constexpr std::size_t kMaxAddress = 4096;
constexpr std::size_t kMaxAddresses = 64;
constexpr std::int64_t kMaxDb = 1'000'000;

bool is_address_v6(std::string_view host) {
  in6_addr address;
  const std::string text(host.substr(0, host.find('%')));
  return host.size() <= 64 && inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

/// A name, or an address of either kind.
bool is_host(std::string_view host) {
  const auto belongs = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  // Only an IPv6 address has colons.
  if (host.find(':') != std::string_view::npos) return is_address_v6(host);
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), belongs);
}

std::optional<std::int64_t> read_number(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  // Nine digits fit whatever follows, so the conversion cannot overflow.
  if (text.empty() || text.size() > 9 || !digits) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), number);
  if (number < min || number > max) return std::nullopt;
  return number;
}

std::optional<Endpoint> read_host_and_port(std::string_view text, std::string_view port) {
  std::string_view host = text;
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    if (!rest.empty()) port = rest.substr(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    // An IPv6 address without brackets: where it ends and the port begins cannot be told.
    if (text.find(':', colon + 1) != std::string_view::npos) return std::nullopt;
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  return make_endpoint(host, port);
}

/// With the bytes that "%2F" and the like stand for.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const char* const end = text.data() + std::min(i + 3, text.size());
    const auto read = std::from_chars(text.data() + i + 1, end, value, 16);
    if (i + 3 > text.size() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// "user:password@", which may be missing, is cut off.
bool take_user(std::string_view& text, RedisUrl& url) {
  // The last '@' ends the user part, as in other clients: a password may hold one.
  const auto end = text.substr(0, text.find_first_of("/?")).rfind('@');
  if (end == std::string_view::npos) return true;
  const std::string_view user = text.substr(0, end);
  text.remove_prefix(end + 1);
  const auto colon = std::min(user.find(':'), user.size());
  const auto name = decoded(user.substr(0, colon));
  const auto password = decoded(user.substr(std::min(colon + 1, user.size())));
  if (!name || !password) return false;
  url.username = *name;
  url.password = *password;
  return true;
}

/// "?db=3", which may be missing, is cut off; another one is unknown.
bool take_query(std::string_view& text, RedisUrl& url) {
  const auto mark = text.find('?');
  if (mark == std::string_view::npos) return true;
  std::string_view query = text.substr(mark + 1);
  text = text.substr(0, mark);
  if (!take_prefix(query, "db=")) return false;
  url.db = read_number(query, 0, kMaxDb);
  return url.db.has_value();
}

std::optional<RedisUrl> read_tcp(std::string_view text, bool tls, std::string_view port) {
  RedisUrl url;
  url.tls = tls;
  if (!take_user(text, url) || !take_query(text, url)) return std::nullopt;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view db = text.substr(slash + 1);
    text = text.substr(0, slash);
    const auto number = read_number(db, 0, kMaxDb);
    if (!db.empty() && (!number || url.db)) return std::nullopt;
    if (number) url.db = number;
  }
  const auto endpoint = read_host_and_port(text, port);
  if (!endpoint) return std::nullopt;
  url.endpoint = *endpoint;
  return url;
}

std::optional<RedisUrl> read_unix(std::string_view text) {
  RedisUrl url;
  url.tls = false;
  if (take_prefix(text, "//") && !take_user(text, url)) return std::nullopt;
  if (!take_query(text, url)) return std::nullopt;
  const auto path = decoded(text);
  // connect() takes no longer path, and a zero byte would end it early.
  const bool fits = path && path->size() < sizeof(sockaddr_un::sun_path);
  if (!fits || !path->starts_with('/') || path->find('\0') != std::string::npos) {
    return std::nullopt;
  }
  url.endpoint.path = *path;
  return url;
}

}  // namespace

std::string to_text(const Endpoint& endpoint) {
  if (!endpoint.path.empty()) return endpoint.path;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + endpoint.port;
}

std::optional<Endpoint> make_endpoint(std::string_view host, std::string_view port) {
  if (!is_host(host) || port.size() > 5 || !read_number(port, 1, 65535)) return std::nullopt;
  return Endpoint{std::string(host), std::string(port), {}};
}

std::optional<RedisUrl> parse_redis_url(std::string_view text, std::string_view port) {
  if (text.size() > kMaxAddress) return std::nullopt;
  if (take_prefix(text, "redis://")) return read_tcp(text, false, port);
  if (take_prefix(text, "rediss://")) return read_tcp(text, true, port);
  if (take_prefix(text, "unix:") || take_prefix(text, "redis+unix:")) return read_unix(text);
  const auto endpoint = read_host_and_port(text, port);
  if (!endpoint) return std::nullopt;
  RedisUrl url;
  url.endpoint = *endpoint;
  return url;
}

std::vector<RedisUrl> parse_redis_urls(std::string_view text, std::string_view port) {
  std::vector<RedisUrl> urls;
  while (urls.size() < kMaxAddresses) {
    const auto comma = std::min(text.find(','), text.size());
    auto url = parse_redis_url(text.substr(0, comma), port);
    if (!url) return {};
    urls.push_back(std::move(*url));
    if (comma == text.size()) return urls;
    text.remove_prefix(comma + 1);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return {};
}

std::optional<Endpoint> parse_moved(std::string_view error, std::string_view said_by) {
  if (!take_prefix(error, "MOVED ") || error.size() > 300) return std::nullopt;
  const auto space = error.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view where = error.substr(space + 1);
  const auto colon = where.rfind(':');  // an IPv6 address has no brackets here
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = where.substr(0, colon);
  if (host.empty() || host == "?") host = said_by;
  return make_endpoint(host, where.substr(colon + 1));
}

std::optional<Endpoint> parse_switch(std::string_view message, std::string_view master) {
  if (message.size() > 2048) return std::nullopt;
  std::vector<std::string_view> words;
  while (!message.empty() && words.size() < 6) {
    const auto space = std::min(message.find(' '), message.size());
    words.push_back(message.substr(0, space));
    message.remove_prefix(std::min(space + 1, message.size()));
  }
  if (words.size() != 5 || words[0] != master) return std::nullopt;
  return make_endpoint(words[3], words[4]);
}

}  // namespace peer_redis
