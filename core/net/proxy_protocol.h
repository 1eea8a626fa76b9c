#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/address.h"

/// PROXY protocol, versions 1 and 2: a proxy writes one header in front of each connection, before
/// TLS and HTTP, that names the client which it serves.
namespace peer {

/// The longest header that is taken: what every path carries in one TCP segment. Version 1 needs
/// 107 bytes; the addresses of version 2 need 52, the rest is for the proxy's further fields.
inline constexpr std::size_t kMaxProxyHeader = 536;

/// The front of a connection, read as a PROXY header.
struct ProxyHeaderRead {
  enum class Status : std::uint8_t {
    kIncomplete,  ///< all of the bytes belong to the header, and more must come
    kInvalid,     ///< whatever follows, this is no header
    kComplete,
  };
  Status status = Status::kInvalid;
  std::size_t size = 0;           ///< of a complete header; what follows is the client's
  std::optional<Address> client;  ///< none: the proxy speaks for itself (LOCAL) or does not know
};

/// Reads the header at the front of `bytes`, which may be cut anywhere. Its fields behind the
/// addresses are skipped. Pure; any thread.
[[nodiscard]] ProxyHeaderRead read_proxy_header(std::string_view bytes);

/// Why a connection is refused where the header is required, for the log.
inline constexpr const char* kUnknownProxy =
    "proxy_protocol believes trusted_proxies only, and this is none: if it is your proxy, name it "
    "there";
inline constexpr const char* kNoProxyHeader =
    "proxy_protocol is required, and the connection does not begin with a PROXY header: let the "
    "proxy send one (HAProxy: send-proxy-v2, nginx: proxy_protocol on), or set it to off";

/// A header of version 2 with the command LOCAL: of a connection that serves no client.
[[nodiscard]] std::string_view local_proxy_header();

}  // namespace peer
