#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/net/http_request.h"

namespace peer {

/// What server and client agree on (RFC 7692 7.1): always without context takeover, both ways.
struct DeflateAgreement {
  std::uint8_t window_bits = 15;  ///< of what the server sends: 9 to 15
  std::string header;             ///< the value of Sec-WebSocket-Extensions in the answer
};

/// The first offer of permessage-deflate in the request that can be met; nullopt when there is
/// none. An offer with a parameter that is unknown, doubled or has no sound value is declined, and
/// so is a window of 8 bits for the server; a header that breaks the grammar of RFC 6455 9.1 offers
/// nothing. Pure.
[[nodiscard]] std::optional<DeflateAgreement> negotiate_deflate(const HttpRequest& request);

}  // namespace peer
