#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>

#include <peer/sdk/result.h>

namespace peer_http {

/// Where something is asked for.
struct HttpUrl {
  bool https = true;
  std::string host;  ///< a name or an address; of IPv6 without brackets
  std::uint16_t port = 443;
  std::string target;  ///< path and query
};

/// Reads "https://host[:port]/path". A user, a fragment and other schemes are refused.
[[nodiscard]] peer::sdk::Result<HttpUrl> parse_http_url(const std::string& text);

/// Whether an address is loopback or private (RFC 1918, fc00::/7), so that what goes there and back
/// without TLS does not cross a network of others. Link-local ones are neither: cloud providers
/// answer there for whoever asks.
[[nodiscard]] bool is_private_address(const sockaddr& address);
/// The same of a host that is written as an address; false for a name.
[[nodiscard]] bool is_private_host(const std::string& host);
/// Whether a host is written as an address.
[[nodiscard]] bool is_address(const std::string& host);
/// Whether it is http to an address that is neither loopback nor private, as far as the text says:
/// of a name, that is known once it has been looked up.
[[nodiscard]] bool is_open_http(const HttpUrl& url);
/// The whole of it, as it has been read: "https://[::1]:8081/path".
[[nodiscard]] std::string text_of(const HttpUrl& url);

}  // namespace peer_http
