#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "core/net/websocket/deflate.h"

namespace peer::test {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The payload of a compressed message.
inline std::string deflated(Deflater& deflater, std::string_view text) {
  const auto bytes = deflater.deflate(bytes_of(text));
  return {bytes.begin(), bytes.end()};
}

/// Text that compresses well.
inline std::string repetitive(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += "line " + std::to_string(i % 100) + ' ';
  return text.substr(0, size);
}

/// Bytes that do not compress; always the same.
inline std::string random_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace peer::test
