#pragma once

#include <string_view>

namespace peer {

/// True for every message type of the protocol: those that clients send (MessageType), and those
/// that only the server sends, such as "registered", "matched" and "error". A room policy neither
/// sends nor answers one of them.
[[nodiscard]] bool is_protocol_type(std::string_view text);

}  // namespace peer
