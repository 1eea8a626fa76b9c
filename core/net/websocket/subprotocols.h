#pragma once

#include <string>
#include <vector>

#include "core/net/http/http_request.h"

namespace peer {

/// The first subprotocol that the client offers in Sec-WebSocket-Protocol (RFC 6455 4.1), in its
/// order of preference, and that is in `listed`; null when there is none. Names are compared byte
/// by byte. The result points into `listed`. Pure.
[[nodiscard]] const std::string* first_offered(const HttpRequest& request,
                                               const std::vector<std::string>& listed);

}  // namespace peer
