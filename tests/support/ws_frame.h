#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peer::test {

enum Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

/// A WebSocket frame (RFC 6455 5.2), right or wrong as the test wants it.
struct Frame {
  std::uint8_t opcode = kText;
  std::string payload{};
  bool fin = true;
  std::uint8_t rsv = 0;  ///< the three bits: 4 is RSV1
  bool masked = true;
  /// The length to announce, if not the payload's.
  std::optional<std::uint64_t> announced{};
  /// Bytes of the extended length: 0, 2 or 8; none: the shortest form.
  std::optional<int> length_bytes{};
};

std::string encode(const Frame& frame);

/// Takes a whole frame off the front of `buffer`; nothing when it is not complete.
std::optional<Frame> take_frame(std::string& buffer);

/// What a compressed message inflates to (RFC 7692 7.2.2); throws when that breaks off.
std::string inflate_message(std::string_view payload);

/// The payload of a close frame: status code and reason.
std::string close_payload(std::uint16_t code, std::string_view reason = {});

}  // namespace peer::test
