#pragma once

#include <cstdint>

namespace peer {

/// From what a trusted proxy's client addresses are read (trusted_proxy_header).
enum class ProxyHeader : std::uint8_t {
  kAuto,           ///< whichever is there; if two name different clients, none
  kXForwardedFor,  ///< X-Forwarded-For
  kXRealIp,        ///< X-Real-IP
  kForwarded,      ///< Forwarded (RFC 7239)
  kProxyProtocol,  ///< PROXY protocol, in front of the request
};

}  // namespace peer
