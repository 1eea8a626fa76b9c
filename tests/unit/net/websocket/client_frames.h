#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/net/websocket/websocket_codec.h"

/// Frames as a client sends them; built byte by byte, without the code under test.
namespace peer::test {

inline constexpr std::array<std::uint8_t, 4> kMask{0x37, 0xFA, 0x21, 0x3D};

inline std::string masked(std::string_view payload) {
  std::string bytes(payload);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(bytes[i]) ^ kMask[i % 4]);
  }
  return bytes;
}

/// `length` in network byte order.
inline std::string big_endian(std::uint64_t length, std::size_t bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(length >> (8 * bytes) & 0xFF);
  return text;
}

/// A header with the mask bit; the length in its shortest form.
inline std::string client_header(std::uint8_t first_byte, std::uint64_t length) {
  std::string header(1, static_cast<char>(first_byte));
  if (length <= 125) {
    header += static_cast<char>(0x80 | length);
  } else if (length <= 0xFFFF) {
    header += '\xFE' + big_endian(length, 2);
  } else {
    header += '\xFF' + big_endian(length, 8);
  }
  return header.append(kMask.begin(), kMask.end());
}

inline std::string frame(std::uint8_t first_byte, std::string_view payload) {
  return client_header(first_byte, payload.size()) + masked(payload);
}

inline std::string text(std::string_view payload) { return frame(0x81, payload); }
inline std::string first_fragment(std::string_view payload) { return frame(0x01, payload); }
inline std::string next_fragment(std::string_view payload) { return frame(0x00, payload); }
inline std::string last_fragment(std::string_view payload) { return frame(0x80, payload); }
inline std::string close_frame(std::string_view payload) { return frame(0x88, payload); }
inline std::string ping(std::string_view payload) { return frame(0x89, payload); }
inline std::string pong(std::string_view payload) { return frame(0x8A, payload); }

inline std::string close_payload(std::uint16_t code, std::string_view reason = {}) {
  return big_endian(code, 2) + std::string(reason);
}

}  // namespace peer::test
