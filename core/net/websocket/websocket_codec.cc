#include "core/net/websocket/websocket_codec.h"

#include <cstring>

namespace peer {
namespace {

void mask_word(std::uint8_t* at, std::uint64_t key) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  word ^= key;
  std::memcpy(at, &word, sizeof word);
}

}  // namespace

void apply_mask(std::span<std::uint8_t> data, std::array<std::uint8_t, 4> key,
                std::uint64_t offset) {
  // The key has four bytes, so eight of them, turned to where `data` begins, serve every word.
  std::array<std::uint8_t, 8> repeated;
  for (std::size_t i = 0; i < repeated.size(); ++i) repeated[i] = key[(offset + i) % key.size()];
  std::uint64_t word;
  std::memcpy(&word, repeated.data(), sizeof word);

  std::uint8_t* at = data.data();
  std::size_t left = data.size();
  for (; left >= 32; left -= 32, at += 32) {
    mask_word(at, word);
    mask_word(at + 8, word);
    mask_word(at + 16, word);
    mask_word(at + 24, word);
  }
  for (; left >= 8; left -= 8, at += 8) mask_word(at, word);
  for (std::size_t i = 0; i < left; ++i) at[i] = static_cast<std::uint8_t>(at[i] ^ repeated[i]);
}

bool is_valid_close_code(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  // 1004 to 1006 and 1015 are names for what is never sent.
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

std::size_t write_server_header(Opcode opcode, std::uint64_t length,
                                std::span<std::uint8_t, kMaxServerHeader> out) {
  out[0] = static_cast<std::uint8_t>(kFinal | static_cast<std::uint8_t>(opcode));
  std::size_t size = 2;
  if (length <= 125) {
    out[1] = static_cast<std::uint8_t>(length);
    return size;
  }
  size += length <= 0xFFFF ? 2 : 8;
  out[1] = size == 4 ? 126 : 127;
  for (std::size_t i = size; i > 2; --i, length >>= 8) {
    out[i - 1] = static_cast<std::uint8_t>(length);
  }
  return size;
}

}  // namespace peer
