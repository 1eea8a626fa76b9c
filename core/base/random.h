#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace peer {

/// `bytes` bytes from the system's cryptographic random source, as lower-case hex: twice as many
/// digits. Throws std::runtime_error when the source fails. Thread-safe.
[[nodiscard]] std::string random_hex(std::size_t bytes);

/// The same, as many digits as `out` has room for: an even number. Thread-safe.
void write_random_hex(std::span<char> out);

/// 192 bits of the same source in base64url: 32 characters. Throws, and is thread-safe, as
/// random_hex().
[[nodiscard]] std::string random_token();

}  // namespace peer
