#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peer {

/// Reads one line of the header Forwarded (RFC 7239 4). Returns the `for` of each of its elements
/// from left to right, without quotes: "192.0.2.1:80", "[2001:db8::1]", "unknown", "_hidden"; an
/// element without a `for` gives an empty text. Nullopt when the line breaks the grammar.
[[nodiscard]] std::optional<std::vector<std::string>> read_forwarded(std::string_view line);

}  // namespace peer
