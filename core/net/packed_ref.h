#pragma once

#include <cstdint>

namespace peer {

/// A ConnectionRef or SessionRef of one loop as one number: what epoll gives back, and a key. The
/// loop is not in it, so refs of two loops may have the same number. Bits 24 to 31 are 0 always:
/// so epoll_events.h has numbers left that no connection has. Pure; any thread.
template <typename Ref>
[[nodiscard]] std::uint64_t packed(const Ref& ref) {
  return (std::uint64_t{ref.generation} << 32) | ref.slot;
}

/// The other way; `loop`: whose number it is.
template <typename Ref>
[[nodiscard]] Ref unpacked(std::uint64_t number, std::uint8_t loop) {
  Ref ref;
  ref.slot = number & 0xffffff;
  ref.loop = loop;
  ref.generation = static_cast<std::uint32_t>(number >> 32);
  return ref;
}

}  // namespace peer
