#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/net/websocket/websocket_extensions.h"

namespace peer {

/// What server and client agree on (RFC 7692 7.1): always without context takeover, both ways.
struct DeflateAgreement {
  std::uint8_t window_bits = 15;  ///< of what the server sends: 9 to 15
  std::string header;             ///< of the answer, Sec-WebSocket-Extensions: no client's text
};

/// The first offer of permessage-deflate that can be met; nullopt when there is none. An offer with
/// a parameter that is unknown, doubled or has no sound value is declined, and so is a window of 8
/// bits for the server. Pure.
[[nodiscard]] std::optional<DeflateAgreement> agree_on_deflate(
    const std::vector<ExtensionOffer>& offers);

}  // namespace peer
