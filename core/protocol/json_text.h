#pragma once

#include <string>
#include <string_view>

namespace peer {

/// Appends `text` (valid UTF-8) as a JSON string with its quotes (RFC 8259 7).
void append_json_string(std::string& out, std::string_view text);

/// The same as a new string.
[[nodiscard]] std::string json_string(std::string_view text);

/// True when `text` is one strict JSON value (RFC 8259; valid UTF-8; depth at most 1024). Legal:
/// numbers of any size, unpaired surrogate escapes. No limit on time but linear in its length.
[[nodiscard]] bool is_valid_json(std::string_view text);

}  // namespace peer
