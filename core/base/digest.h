#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Hashes (FIPS 180-4). Any thread.
namespace peer {

inline constexpr std::size_t kSha1Size = 20;
inline constexpr std::size_t kSha256Size = 32;

/// For the answer to a WebSocket handshake, which RFC 6455 4.2.2 wants made with it, and for
/// nothing that has to withstand an attack.
[[nodiscard]] std::array<std::uint8_t, kSha1Size> sha1_of(std::string_view bytes);
/// 32 raw bytes: as many as a Fingerprint has.
[[nodiscard]] std::array<std::uint8_t, kSha256Size> sha256_of(std::string_view bytes);

/// Bytes in lower-case hex digits, two for each.
[[nodiscard]] std::string hex_of(std::span<const std::uint8_t> bytes);

}  // namespace peer
