#include "core/base/utf8.h"

#include <array>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// A table-driven automaton: one state for each set of continuation bytes that may come next
// (RFC 3629 section 4). ASCII, most of all text, never touches it. With SSE2 a text of 64 bytes or
// more is looked at by as many at a time, and characters of two bytes need it no more.
namespace peer {
namespace {

enum State : std::uint8_t {
  kAccept,   // between characters
  kTail1,    // one more byte 80-BF
  kTail2,    // two more
  kTail3,    // three more
  kAfterE0,  // A0-BF, then one more: no overlong form
  kAfterED,  // 80-9F, then one more: no surrogate
  kAfterF0,  // 90-BF, then two more: no overlong form
  kAfterF4,  // 80-8F, then two more: nothing above U+10FFFF
  kReject,
  kStates,
};

using Transitions = std::array<std::array<std::uint8_t, 256>, kStates>;

constexpr Transitions make_transitions() {
  Transitions next{};
  for (auto& row : next) row.fill(kReject);
  const auto set = [&next](State from, int first, int last, State to) {
    for (int byte = first; byte <= last; ++byte) next[from][static_cast<std::size_t>(byte)] = to;
  };
  set(kAccept, 0x00, 0x7F, kAccept);
  set(kAccept, 0xC2, 0xDF, kTail1);
  set(kAccept, 0xE0, 0xE0, kAfterE0);
  set(kAccept, 0xE1, 0xEF, kTail2);
  set(kAccept, 0xED, 0xED, kAfterED);
  set(kAccept, 0xF0, 0xF0, kAfterF0);
  set(kAccept, 0xF1, 0xF3, kTail3);
  set(kAccept, 0xF4, 0xF4, kAfterF4);
  set(kTail1, 0x80, 0xBF, kAccept);
  set(kTail2, 0x80, 0xBF, kTail1);
  set(kTail3, 0x80, 0xBF, kTail2);
  set(kAfterE0, 0xA0, 0xBF, kTail1);
  set(kAfterED, 0x80, 0x9F, kTail1);
  set(kAfterF0, 0x90, 0xBF, kTail2);
  set(kAfterF4, 0x80, 0x8F, kTail2);
  return next;
}

constexpr Transitions kNext = make_transitions();
constexpr std::uint64_t kHighBits = 0x8080808080808080;

std::uint64_t load(const std::uint8_t* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

/// Behind the whole characters at `at`, which is beyond ASCII, up to the next ASCII byte; where one
/// of them is wrong or cut, its first byte.
[[gnu::noinline]] const std::uint8_t* skip_beyond_ascii(const std::uint8_t* at,
                                                        const std::uint8_t* end) {
  const std::uint8_t* behind = at;
  std::uint8_t state = kAccept;
  do {
    state = kNext[state][*behind++];
    if (state == kAccept) at = behind;
  } while (behind != end && state != kReject && (state != kAccept || *behind >= 0x80));
  return at;
}

/// Behind all whole characters from `begin` on: `end`, or one that is wrong or cut.
const std::uint8_t* skip_short_text(const std::uint8_t* begin, const std::uint8_t* end) {
  const std::uint8_t* at = begin;
  for (;;) {
    while (end - at >= 8 && (load(at) & kHighBits) == 0) at += 8;
    // The rest is the end of the last 8 bytes.
    if (end - at < 8 && end - begin >= 8 && (load(end - 8) & kHighBits) == 0) return end;
    while (at != end && *at < 0x80) ++at;
    if (at == end) return end;
    at = skip_beyond_ascii(at, end);
    if (at != end && *at >= 0x80) return at;
  }
}

#if defined(__SSE2__)
constexpr std::ptrdiff_t kBlock = 64;

std::uint64_t high_bits(__m128i bytes) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
}

/// The 64 bytes at some place.
struct Block {
  explicit Block(const std::uint8_t* at) {
    const auto* const bytes = reinterpret_cast<const __m128i*>(at);
    a = _mm_loadu_si128(bytes);
    b = _mm_loadu_si128(bytes + 1);
    c = _mm_loadu_si128(bytes + 2);
    d = _mm_loadu_si128(bytes + 3);
  }

  [[nodiscard]] bool is_ascii() const {
    return high_bits(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) == 0;
  }
  /// Bit n is byte n.
  [[nodiscard]] std::uint64_t beyond_ascii() const {
    return high_bits(a) | high_bits(b) << 16 | high_bits(c) << 32 | high_bits(d) << 48;
  }

  __m128i a, b, c, d;
};

/// As skip_short_text(), of 64 bytes at least.
const std::uint8_t* skip_long_text(const std::uint8_t* at, const std::uint8_t* end) {
  const std::uint8_t* const last_block = end - kBlock;
  while (at <= last_block) {
    const Block block(at);
    const std::uint8_t* next = at + kBlock;
    if (!block.is_ascii()) {
      const std::uint8_t* const other = at + skip_pairs(at, block.beyond_ascii(), kBlock);
      if (other != next && (next = skip_beyond_ascii(other, end)) == other) return other;
    }
    at = next;
  }
  // The rest is the end of the last block.
  while (at != end) {
    const Block block(last_block);
    if (block.is_ascii()) return end;
    const std::uint64_t beyond = block.beyond_ascii() >> (at - last_block);
    const std::uint8_t* const other = at + skip_pairs(at, beyond, end - at);
    if (other == end) return end;
    at = skip_beyond_ascii(other, end);
    if (at == other) return at;
  }
  return end;
}
#endif

/// As skip_short_text(), of a text of any length.
const std::uint8_t* skip_characters(const std::uint8_t* begin, const std::uint8_t* end) {
#if defined(__SSE2__)
  if (end - begin >= kBlock) return skip_long_text(begin, end);
#endif
  return skip_short_text(begin, end);
}

}  // namespace

bool Utf8Checker::feed(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* at = bytes.data();
  const std::uint8_t* const end = at + bytes.size();
  std::uint8_t state = state_;
  // What is left of a character that an earlier piece began.
  while (at != end && state != kAccept && state != kReject) state = kNext[state][*at++];
  if (state == kAccept) at = skip_characters(at, end);
  // The beginning of one, which a later piece may end, or an error.
  while (at != end && state != kReject) state = kNext[state][*at++];
  state_ = state;
  return state != kReject;
}

bool is_valid_utf8(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* const end = bytes.data() + bytes.size();
  return skip_characters(bytes.data(), end) == end;
}

bool is_valid_utf8(std::string_view text) {
  return is_valid_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace peer
