#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/net/http/http_request.h"

namespace peer {

/// One parameter of an offer; a value in quotes is here without them. Both are tokens (RFC 9110
/// 5.6.2), as long as the request's head allows.
struct ExtensionParameter {
  std::string name;
  std::optional<std::string> value;
};

/// One element of Sec-WebSocket-Extensions, as the client wrote it: neither its name nor its
/// parameters are known or checked here (agree_on_deflate()), and none of it may be reflected.
struct ExtensionOffer {
  std::string name;
  std::vector<ExtensionParameter> parameters;
};

/// All offers of a request, in order; several headers are one list. Nullopt when one of them breaks
/// the grammar, an empty one too: then the handshake fails (RFC 6455 9.1). Pure.
[[nodiscard]] std::optional<std::vector<ExtensionOffer>> read_extension_offers(
    const HttpRequest& request);

}  // namespace peer
