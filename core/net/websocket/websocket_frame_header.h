#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/net/websocket/websocket_codec.h"

/// The header of a client's frame (RFC 6455 5.2): its length, its rules, its fields. Internal to
/// the codec.
namespace peer {

/// The longest header: two bytes, a 64-bit length, a mask.
inline constexpr std::size_t kMaxClientHeader = 14;

struct FrameHeader {
  std::uint64_t length = 0;  ///< of the payload, bytes
  std::array<std::uint8_t, 4> key{};
  Opcode opcode = Opcode::kContinuation;
  bool final = false;
  bool compressed = false;  ///< begins a compressed message
  std::uint8_t size = 0;    ///< of the header itself, bytes
};

/// Control frames may stand between the fragments of a message (RFC 6455 5.5).
[[nodiscard]] constexpr bool is_control(Opcode opcode) {
  return (static_cast<unsigned>(opcode) & 8U) != 0;
}

/// The fragmented message that a frame would continue.
struct MessageUnderWay {
  bool exists = false;
  std::uint64_t size = 0;   ///< payload bytes so far
  bool compressed = false;  ///< `size` is that of the compressed payload
};

/// Why a frame is refused; `reason` is a literal.
struct FrameRefusal {
  CloseCode code;
  std::string_view reason;
};

/// How many bytes the header has, as far as `start` tells: 2 until those are there.
[[nodiscard]] std::size_t header_size(std::span<const std::uint8_t> start);

/// Checks the first bytes of a frame, whole header or not. Rules are checked in the order of the
/// bytes that they need, so the answer does not depend on how the header was cut.
[[nodiscard]] std::optional<FrameRefusal> check_header(std::span<const std::uint8_t> start,
                                                       const MessageUnderWay& message,
                                                       const ReaderLimits& limits);

/// What check_header() and decode_header() say of a text message in one frame of up to 64 KB, in a
/// fraction of their time: nearly all frames are such. Nullopt: ask these two. Not where a message
/// is under way.
[[nodiscard]] std::optional<FrameHeader> read_usual_header(std::span<const std::uint8_t> start,
                                                           const ReaderLimits& limits);

/// Reads a whole header. One that has not passed check_header() may be without a mask; its key is
/// 0.
[[nodiscard]] FrameHeader decode_header(std::span<const std::uint8_t> start);

}  // namespace peer
