#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peer {

/// A URL of another server, split up (RFC 3986). Without user, password and fragment. Webhooks are
/// sent to such. The operator has written it, so no address is refused: a host of the local network
/// will do.
struct HttpUrl {
  bool https = false;
  std::string host;  ///< a name or an address; IPv6 without its brackets
  std::uint16_t port = 0;
  std::string target;  ///< path and query; `/` at least

  /// For the Host header: with the port where it is not the scheme's own.
  [[nodiscard]] std::string authority() const;
};
/// Nullopt: no `http://` or `https://` in lower case, no host, a bad port, an `@`, a `#`, bytes
/// that no URL has, more than 2,048 bytes, or a host of more than 255. Nothing is decoded or looked
/// up. Pure; any thread.
[[nodiscard]] std::optional<HttpUrl> parse_http_url(std::string_view text);

}  // namespace peer
