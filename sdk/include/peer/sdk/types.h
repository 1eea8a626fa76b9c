#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>

namespace peer::sdk {

/// A peer's identity: the SHA-256 of its public key (docs/protocol.md, "Identity"), 32 raw bytes.
/// On the wire it is 64 lower-case hex digits. Two fingerprints are compared byte by byte, which is
/// also the order of their hex digits.
struct Fingerprint {
  std::array<std::uint8_t, 32> bytes{};

  /// By eight bytes at a time, since compilers make a call of the comparison of 32.
  friend constexpr bool operator==(const Fingerprint& a, const Fingerprint& b) {
    using Words = std::array<std::uint64_t, 4>;
    const auto of_a = std::bit_cast<Words>(a.bytes);
    const auto of_b = std::bit_cast<Words>(b.bytes);
    return ((of_a[0] ^ of_b[0]) | (of_a[1] ^ of_b[1]) | (of_a[2] ^ of_b[2]) |
            (of_a[3] ^ of_b[3])) == 0;
  }
  friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
};

/// A point in time: milliseconds since the Unix epoch. Plugins are told the time, they never ask.
/// An operator may set the clock, so a later call may bring an earlier time.
using Instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

}  // namespace peer::sdk

/// A fingerprint is a cryptographic hash already: any eight bytes of it would be a good hash value.
/// Not its first ones, by which the server chooses shards: within a shard they are alike. But
/// clients choose their keys, and can try some until the fingerprints of many fall into one bucket
/// of a table. So the server draws a number that nobody knows, and multiplies with it; so does each
/// plugin, with a number of its own. A hash value, or a hash table of fingerprints, is of no use to
/// the other side, nor to a later process.
template <>
struct std::hash<peer::sdk::Fingerprint> {
  std::size_t operator()(const peer::sdk::Fingerprint& fingerprint) const noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, fingerprint.bytes.data() + 8, sizeof value);
    return static_cast<std::size_t>(value * kSecret);
  }

 private:
  static std::uint64_t draw() {
    std::random_device random;
    const std::uint64_t high = random();
    return high << 32 | random() | 1;  // odd: no two products are the same
  }

  static inline const std::uint64_t kSecret = draw();
};
