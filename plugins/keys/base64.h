#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Base64 in its two alphabets (RFC 4648 4 and 5), read strictly: one text for each sequence of
/// bytes, so that nobody writes the same token or key in two ways. Pure; any thread.
namespace peer_keys {

/// Reads base64url without padding, as JOSE writes it (RFC 7515 2). nullopt: another character, an
/// impossible length, or bits behind the last byte that are not zero.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

/// Reads base64 with its padding; nullopt as above.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

/// Reads either alphabet, with padding or without.
[[nodiscard]] std::optional<std::string> decode_any_base64(std::string_view text);

/// Writes base64url without padding.
[[nodiscard]] std::string encode_base64url(std::string_view bytes);

}  // namespace peer_keys
