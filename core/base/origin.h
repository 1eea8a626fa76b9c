#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peer {

/// Origins of web pages (RFC 6454) that a server lets in. Written as an origin,
/// "https://example.com:8443", which is meant exactly; as a host, "example.com", of any scheme and
/// port; with all hosts below it, "*.example.com" or "https://*.example.com"; or "null".
struct OriginPattern {
  std::string scheme;  ///< lower case; empty: any scheme and port
  std::string host;    ///< lower case; "null" too
  std::string port;    ///< empty: none
  bool below = false;  ///< the hosts below `host`, not `host` itself

  /// `origin`: the value of an Origin header.
  [[nodiscard]] bool matches(std::string_view origin) const;
};

/// Nullopt for what cannot be an origin or a host.
[[nodiscard]] std::optional<OriginPattern> parse_origin_pattern(std::string_view text);

}  // namespace peer
