#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Searches for the few bytes that matter to JSON, 16 at a time where the machine can (SSE2 is part
/// of every x86-64). Nothing behind `end` is read: the last bytes are looked at one by one. Without
/// state; any thread.
namespace peer {

/// White space between the parts of a text (RFC 8259 2); no other character counts.
inline bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// As skip_json_space(), of what may be some.
[[nodiscard]] const char* skip_some_json_space(const char* p, const char* end);

/// The first character in [p, end) that is no white space, or `end`. Nearly always it is the first,
/// or behind one space: that is seen without a call.
[[gnu::always_inline]] inline const char* skip_json_space(const char* p, const char* end) {
  if (p == end || static_cast<unsigned char>(*p) > ' ') return p;
  if (*p == ' ' && end - p > 1 && static_cast<unsigned char>(p[1]) > ' ') return p + 1;
  return skip_some_json_space(p, end);
}

/// The text between two places in it.
inline std::string_view json_slice(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

#if defined(__SSE2__)
/// Zero where a byte is a quote, a backslash or a control character (RFC 8259 7), and nowhere else.
inline __m128i zero_at_specials(__m128i bytes) {
  // A quote or a control character, and no other byte, is at most a space once this bit is turned.
  const __m128i turned = _mm_xor_si128(bytes, _mm_set1_epi8('"' ^ ' '));
  return _mm_min_epu8(_mm_subs_epu8(turned, _mm_set1_epi8(' ')),
                      _mm_xor_si128(bytes, _mm_set1_epi8('\\')));
}

/// Which of 16 bytes are zero: bit n is byte n.
inline std::uint64_t zeros(__m128i bytes) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128())));
}
#endif

/// Which of the 64 bytes at `block`, all of them readable, are quotes, backslashes or control
/// characters: bit n is byte n. They may be any bytes; those from 0x80 on are none of these.
inline std::uint64_t string_specials(const char* block) {
#if defined(__SSE2__)
  // Written out, since the compiler leaves a loop of four as it is: a third more instructions.
  const auto* const bytes = reinterpret_cast<const __m128i*>(block);
  const __m128i a = zero_at_specials(_mm_loadu_si128(bytes));
  const __m128i b = zero_at_specials(_mm_loadu_si128(bytes + 1));
  const __m128i c = zero_at_specials(_mm_loadu_si128(bytes + 2));
  const __m128i d = zero_at_specials(_mm_loadu_si128(bytes + 3));
  // Most blocks of a long text have none.
  if (zeros(_mm_min_epu8(_mm_min_epu8(a, b), _mm_min_epu8(c, d))) == 0) return 0;
  return zeros(a) | zeros(b) << 16 | zeros(c) << 32 | zeros(d) << 48;
#else
  std::uint64_t specials = 0;
  for (int i = 0; i < 64; ++i) {
    const char c = block[i];
    const bool special = c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    specials |= std::uint64_t{special} << i;
  }
  return specials;
#endif
}

/// The first quote, backslash or control character (RFC 8259 7) in [p, end), or `end`.
inline const char* find_string_special(const char* p, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1f);
  for (; end - p >= 16; p += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    // SSE2 orders bytes as signed numbers only. A byte is a control character if it is the smaller
    // one of itself and 0x1f.
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
    const __m128i found = _mm_or_si128(
        control, _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask != 0) return p + std::countr_zero(mask);
  }
#endif
  while (p != end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20) ++p;
  return p;
}

/// The first quote or bracket, `{}[]`, in [p, end), or `end`. Brackets within strings are found
/// too: the caller skips a string when it meets the quote.
inline const char* find_quote_or_bracket(const char* p, const char* end) {
#if defined(__SSE2__)
  // Bit 5 is all that tells `[` from `{`, and `]` from `}`.
  const __m128i case_bit = _mm_set1_epi8(0x20);
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i open = _mm_set1_epi8('{');
  const __m128i close = _mm_set1_epi8('}');
  for (; end - p >= 16; p += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i folded = _mm_or_si128(block, case_bit);
    const __m128i found =
        _mm_or_si128(_mm_cmpeq_epi8(block, quote),
                     _mm_or_si128(_mm_cmpeq_epi8(folded, open), _mm_cmpeq_epi8(folded, close)));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask != 0) return p + std::countr_zero(mask);
  }
#endif
  while (p != end && *p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}') ++p;
  return p;
}

}  // namespace peer
