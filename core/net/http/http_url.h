#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peer {

/// A URL of another server, split up (RFC 3986). Without user, password and fragment.
struct HttpUrl {
  bool https = false;
  std::string host;  ///< a name or an address; IPv6 without its brackets
  std::uint16_t port = 0;
  std::string target;  ///< path and query; `/` at least

  /// For the Host header: with the port where it is not the scheme's own.
  [[nodiscard]] std::string authority() const;
};
/// Nullopt: no `http://` or `https://`, no host, a bad port, an `@`, a `#`, or bytes that no URL
/// has.
[[nodiscard]] std::optional<HttpUrl> parse_http_url(std::string_view text);

}  // namespace peer
