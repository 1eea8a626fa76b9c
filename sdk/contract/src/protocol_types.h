#pragma once

#include <string_view>

namespace peer::sdk::contract {

/// Whether a text is a message type of the protocol (docs/protocol.md), of clients or of the
/// server: no plugin may have one of these for its own.
[[nodiscard]] bool is_protocol_type(std::string_view type);

}  // namespace peer::sdk::contract
