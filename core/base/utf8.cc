#include "core/base/utf8.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// A table-driven automaton: one state for each set of continuation bytes that may come next
// (RFC 3629 section 4). Runs of ASCII, most of all text, never touch it.
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

#if defined(__SSE2__)
constexpr std::ptrdiff_t kBlock = 16;

/// Which of 16 bytes are not ASCII: bit n is byte n.
unsigned beyond_ascii(const std::uint8_t* block) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
  return static_cast<unsigned>(_mm_movemask_epi8(bytes));
}
#endif

/// The first byte from `at` on that is not ASCII, or `end`; the text begins at `begin`.
const std::uint8_t* skip_ascii([[maybe_unused]] const std::uint8_t* begin, const std::uint8_t* at,
                               const std::uint8_t* end) {
#if defined(__SSE2__)
  for (; end - at >= kBlock; at += kBlock) {
    if (const unsigned beyond = beyond_ascii(at)) return at + std::countr_zero(beyond);
  }
  if (end - begin >= kBlock) {  // the rest is the end of the last 16 bytes
    const unsigned beyond = beyond_ascii(end - kBlock) >> (kBlock - (end - at));
    return beyond != 0 ? at + std::countr_zero(beyond) : end;
  }
#endif
  while (end - at >= 8 && (load(at) & kHighBits) == 0) at += 8;
  while (at != end && *at < 0x80) ++at;
  return at;
}

}  // namespace

bool Utf8Checker::feed(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* at = bytes.data();
  const std::uint8_t* const end = at + bytes.size();
  std::uint8_t state = state_;
  while (at != end && state != kReject) {
    if (state == kAccept) {
      at = skip_ascii(bytes.data(), at, end);
      if (at == end) break;
    }
    state = kNext[state][*at++];
  }
  state_ = state;
  return state != kReject;
}

bool is_valid_utf8(std::span<const std::uint8_t> bytes) {
  Utf8Checker checker;
  return checker.feed(bytes) && checker.complete();
}

bool is_valid_utf8(std::string_view text) {
  return is_valid_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace peer
