#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <peer/sdk/result.h>

namespace peer {

/// Origins of web pages (RFC 6454) that a server lets in. Written as an origin,
/// "https://example.com:8443", which is meant exactly; as a host, "example.com", of any scheme and
/// port; with all hosts below it, "*.example.com" or "https://*.example.com"; or "null", the origin
/// of sandboxed frames and of files.
///
/// Forms that no browser sends are translated where their meaning is plain: ws:// and wss:// are
/// http:// and https://, a default port is none, "/" behind the host is dropped, letters become
/// lower case.
struct OriginPattern {
  std::string scheme;      ///< lower case; empty: any
  std::string host;        ///< lower case; IPv6 in brackets; empty: "null"
  std::uint16_t port = 0;  ///< 0: the scheme's default, or any if there is no scheme
  bool below = false;      ///< the hosts below `host`, not `host` itself

  /// `origin`: the value of an Origin header. A text that is no origin never matches. ws:// and
  /// wss:// are http:// and https:// here too.
  [[nodiscard]] bool matches(std::string_view origin) const;
};

/// The error says what no origin has: "a path", say.
[[nodiscard]] sdk::Result<OriginPattern> parse_origin_pattern(std::string_view text);

}  // namespace peer
