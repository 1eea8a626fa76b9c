#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/address.h"
#include "core/base/proxy_header.h"

namespace peer {

struct HttpRequest;

/// The client of a connection, as far as the server can know.
struct ClientAddress {
  Address address;
  /// A proxy has passed it on: told by a header or by PROXY protocol, or the proxy's own address in
  /// place of one that could not be believed.
  bool by_proxy = false;

  /// On this machine, and connected without a proxy. An address that a proxy tells is never local:
  /// its client may have written it.
  [[nodiscard]] bool is_local() const {
    return !by_proxy && (address.is_loopback() || address.is_unix_socket());
  }
};

/// The client of a trusted proxy, as far as it is known.
struct ProxyClient {
  ClientAddress client;
  std::string problem;  ///< for the log: why `client` is a proxy itself; empty: nothing to say
};

/// Which addresses are trusted proxies, and how these name their clients.
struct ProxyTrust {
  std::vector<AddressRange> proxies;
  ProxyHeader header = ProxyHeader::kAuto;

  /// A client of the Unix socket counts as one: the permissions of its file decide that, not a
  /// range of addresses.
  [[nodiscard]] bool is_proxy(const Address& address) const;
};

/// The client behind a request that came from `proxy`, a trusted one. In a chain of proxies that is
/// the right-most hop that is no trusted proxy itself. `proxy_protocol`: the address that PROXY
/// protocol has told, if any. Where none can be believed, it is the last trusted proxy known. Pure;
/// any thread.
[[nodiscard]] ProxyClient client_of_proxy(const ProxyTrust& trust, const Address& proxy,
                                          const std::optional<Address>& proxy_protocol,
                                          const HttpRequest& request);

}  // namespace peer
