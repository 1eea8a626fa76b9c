#include "core/net/websocket/websocket_codec.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace peer {
namespace {

// Eight bytes of the key, from its byte `offset` on. Both halves are the same, so the machine's
// order of bytes makes no difference.
std::uint64_t key_word(std::array<std::uint8_t, 4> key, std::uint64_t offset) {
  const auto whole = std::bit_cast<std::uint32_t>(key);
  const int turn = static_cast<int>(8 * (offset % key.size()));
  const bool first_is_lowest = std::endian::native == std::endian::little;
  const std::uint32_t half = first_is_lowest ? std::rotr(whole, turn) : std::rotl(whole, turn);
  return half * 0x1'0000'0001U;
}

bool is_ascii(std::uint64_t word) { return (word & 0x8080808080808080) == 0; }

/// The word in each eight bytes of a block.
template <typename Block>
Block repeated(std::uint64_t word);
template <>
std::uint64_t repeated(std::uint64_t word) {
  return word;
}
#if defined(__SSE2__)
template <>
__m128i repeated(std::uint64_t word) {
  return _mm_set1_epi64x(static_cast<std::int64_t>(word));
}
bool is_ascii(__m128i bytes) { return _mm_movemask_epi8(bytes) == 0; }
using LongBlock = __m128i;
#else
using LongBlock = std::uint64_t;
#endif

template <typename Block>
Block load(const std::uint8_t* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  return block;
}

template <typename Block>
void store(std::uint8_t* at, Block block) {
  std::memcpy(at, &block, sizeof block);
}

/// As apply_mask(), of at least one block.
template <typename Block>
bool mask_blocks(std::span<std::uint8_t> data, std::array<std::uint8_t, 4> key,
                 std::uint64_t offset) {
  constexpr std::size_t kSize = sizeof(Block);
  std::uint8_t* at = data.data();
  std::uint8_t* const last = at + data.size() - kSize;
  const auto keys = repeated<Block>(key_word(key, offset));
  // The last block may overlap the one before it, so it is read before that one is written.
  const Block end =
      load<Block>(last) ^ repeated<Block>(key_word(key, offset + data.size() - kSize));
  Block seen = end;
  const auto mask = [&] {
    const Block block = load<Block>(at) ^ keys;
    store(at, block);
    seen = seen | block;
    at += kSize;
  };
  while (last - at >= static_cast<std::ptrdiff_t>(4 * kSize)) {
    mask();
    mask();
    mask();
    mask();
  }
  while (at < last) mask();
  store(last, end);
  return is_ascii(seen);
}

#if defined(__SSE2__)
constexpr std::size_t kGroup = 4 * sizeof(__m128i);

__m128i unmask(std::uint8_t* at, __m128i keys) {
  const __m128i block = load<__m128i>(at) ^ keys;
  store(at, block);
  return block;
}

std::uint64_t high_bits(__m128i bytes) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
}

/// As unmask_text(), of at least one group of four blocks.
bool unmask_long_text(std::span<std::uint8_t> data, std::array<std::uint8_t, 4> key) {
  std::uint8_t* at = data.data();
  std::uint8_t* const end = at + data.size();
  std::uint8_t* const last_group = end - kGroup;
  std::uint8_t* const last = end - sizeof(__m128i);
  const auto keys = repeated<__m128i>(key_word(key, 0));
  // As in mask_blocks().
  const __m128i tail =
      load<__m128i>(last) ^ repeated<__m128i>(key_word(key, data.size() - sizeof(__m128i)));
  do {
    const __m128i a = unmask(at, keys);
    const __m128i b = unmask(at + 16, keys);
    const __m128i c = unmask(at + 32, keys);
    const __m128i d = unmask(at + 48, keys);
    if (!is_ascii((a | b) | (c | d))) [[unlikely]] {
      const std::uint64_t beyond =
          high_bits(a) | high_bits(b) << 16 | high_bits(c) << 32 | high_bits(d) << 48;
      const std::ptrdiff_t checked = skip_pairs(at, beyond, kGroup);
      if (checked != kGroup) {
        // A longer character, or one that is cut here: again, with all that follows.
        apply_mask({at + kGroup, end}, key);
        return is_valid_utf8({at + checked, end});
      }
    }
    at += kGroup;
  } while (at <= last_group);
  __m128i seen = tail;
  std::uint8_t* const rest = at;
  for (; at < last; at += sizeof(__m128i)) seen |= unmask(at, keys);
  store(last, tail);
  return is_ascii(seen) || is_valid_utf8({rest, end});
}
#endif

}  // namespace

bool apply_mask(std::span<std::uint8_t> data, std::array<std::uint8_t, 4> key,
                std::uint64_t offset) {
  if (data.size() >= sizeof(LongBlock)) return mask_blocks<LongBlock>(data, key, offset);
  if (data.size() >= sizeof(std::uint64_t)) return mask_blocks<std::uint64_t>(data, key, offset);
  std::uint8_t seen = 0;
  for (std::uint8_t& byte : data) seen |= byte ^= key[offset++ % key.size()];
  return seen < 0x80;
}

bool unmask_text(std::span<std::uint8_t> data, std::array<std::uint8_t, 4> key) {
#if defined(__SSE2__)
  if (data.size() >= kGroup) return unmask_long_text(data, key);
#endif
  return apply_mask(data, key) || is_valid_utf8(data);
}

bool is_valid_close_code(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  // 1004 to 1006 and 1015 are names for what is never sent.
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

std::size_t write_server_header(Opcode opcode, std::uint64_t length, std::span<std::uint8_t> out) {
  const std::size_t size = server_header_size(length);
  out[0] = static_cast<std::uint8_t>(kFinal | static_cast<std::uint8_t>(opcode));
  if (size == 2) {
    out[1] = static_cast<std::uint8_t>(length);
    return size;
  }
  out[1] = size == 4 ? 126 : 127;
  for (std::size_t i = size; i > 2; --i, length >>= 8) {
    out[i - 1] = static_cast<std::uint8_t>(length);
  }
  return size;
}

}  // namespace peer
