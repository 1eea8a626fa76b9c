#include "core/net/websocket/websocket_codec.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace peer {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080;

// Eight bytes of the key, from its byte `offset` on. Both halves are the same, so the machine's
// order of bytes makes no difference.
std::uint64_t key_word(std::array<std::uint8_t, 4> key, std::uint64_t offset) {
  std::array<std::uint8_t, 4> turned;
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % key.size()];
  std::uint32_t half;
  std::memcpy(&half, turned.data(), sizeof half);
  return half * 0x1'0000'0001U;
}

// Returns what the bytes are now.
std::uint64_t mask_word(std::uint8_t* at, std::uint64_t key) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  word ^= key;
  std::memcpy(at, &word, sizeof word);
  return word;
}

// Masks all but the last bytes, fewer than 32, and moves `at` behind. Returns a word with the
// highest bit of some byte set if one of the masked bytes has it set.
std::uint64_t mask_blocks(std::uint8_t*& at, const std::uint8_t* end, std::uint64_t key) {
#if defined(__SSE2__)
  const __m128i keys = _mm_set1_epi64x(static_cast<std::int64_t>(key));
  __m128i seen = _mm_setzero_si128();
  for (; end - at >= 32; at += 32) {
    auto* const blocks = reinterpret_cast<__m128i*>(at);
    const __m128i first = _mm_xor_si128(_mm_loadu_si128(blocks), keys);
    const __m128i second = _mm_xor_si128(_mm_loadu_si128(blocks + 1), keys);
    _mm_storeu_si128(blocks, first);
    _mm_storeu_si128(blocks + 1, second);
    seen = _mm_or_si128(seen, _mm_or_si128(first, second));
  }
  return _mm_movemask_epi8(seen) == 0 ? 0 : kHighBits;
#else
  std::uint64_t seen = 0;
  for (; end - at >= 32; at += 32) {
    for (int i = 0; i < 32; i += 8) seen |= mask_word(at + i, key);
  }
  return seen;
#endif
}

}  // namespace

bool apply_mask(std::span<std::uint8_t> data, std::array<std::uint8_t, 4> key,
                std::uint64_t offset) {
  const std::uint64_t word = key_word(key, offset);
  std::uint8_t* at = data.data();
  const std::uint8_t* const end = at + data.size();
  std::uint64_t seen = mask_blocks(at, end, word);
  for (; end - at >= 8; at += 8) seen |= mask_word(at, word);
  std::array<std::uint8_t, sizeof word> bytes;
  std::memcpy(bytes.data(), &word, sizeof word);
  for (std::size_t i = 0; at != end; ++i, ++at) {
    *at = static_cast<std::uint8_t>(*at ^ bytes[i]);
    seen |= *at;
  }
  return (seen & kHighBits) == 0;
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
