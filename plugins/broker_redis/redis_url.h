#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peer_redis {

/// Where a Redis or a Sentinel listens: a host and a port, or a Unix socket.
struct Endpoint {
  std::string host;
  std::string port = "6379";
  std::string path;  ///< of a Unix socket; then host and port mean nothing

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// An endpoint as people read it.
std::string to_text(const Endpoint& endpoint);

/// One address as other Redis clients take it: "host", "host:port", "[v6]:port",
/// "redis://[user[:password]@]host[:port][/db]", "rediss://" the same with TLS,
/// "unix:///path?db=0", which may begin with "redis+unix:" and leave out the two slashes.
struct RedisUrl {
  Endpoint endpoint;
  std::optional<bool> tls;  ///< nothing: the address does not say
  std::string username;
  std::string password;
  std::optional<std::int64_t> db;
};

/// `port`: of an address that names none. Nothing when there is no such reading. It may hold a
/// password: never in a message.
std::optional<RedisUrl> parse_redis_url(std::string_view text, std::string_view port = "6379");

/// Addresses with commas between them; empty when one of them has no reading.
std::vector<RedisUrl> parse_redis_urls(std::string_view text, std::string_view port = "6379");

/// Two texts, a host and a port. Nothing when they are none.
std::optional<Endpoint> make_endpoint(std::string_view host, std::string_view port);

/// Where "MOVED 3999 host:port" leads; without a host, or with "?", to the one that said so.
std::optional<Endpoint> parse_moved(std::string_view error, std::string_view said_by);

/// The new address in "<master> <old host> <old port> <new host> <new port>", which Sentinel
/// publishes. Nothing when it is about another master.
std::optional<Endpoint> parse_switch(std::string_view message, std::string_view master);

}  // namespace peer_redis
