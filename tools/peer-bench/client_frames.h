#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "core/net/websocket/websocket_codec.h"

/// The client's side of RFC 6455: masked frames out, unmasked frames in. It is apart from the
/// server's reader and writer, so that a fault in those does not hide itself. Pure functions.
namespace peer::bench {

using Bytes = std::vector<std::uint8_t>;

/// Appends one final, masked frame whose payload is the pieces one after the other.
void append_client_frame(Bytes& out, Opcode opcode, std::array<std::uint8_t, 4> mask,
                         std::initializer_list<std::string_view> pieces);

/// A server's frame at the front of some bytes.
struct ServerFrame {
  enum class Status { kWhole, kIncomplete, kInvalid };

  Status status = Status::kIncomplete;
  Opcode opcode = Opcode::kText;
  std::string_view payload;  ///< into the bytes; of a whole frame only
  std::size_t size = 0;      ///< with the header; of a whole frame only
};

/// Invalid: masked, fragmented, with RSV bits, or longer than `max_payload`. This client offers no
/// extension, and no server has a reason to fragment what it relays.
[[nodiscard]] ServerFrame read_server_frame(std::span<const std::uint8_t> bytes,
                                            std::uint64_t max_payload);

}  // namespace peer::bench
