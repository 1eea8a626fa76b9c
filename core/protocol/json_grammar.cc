#include "core/protocol/json_grammar.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/base/utf8.h"
#include "core/protocol/json_bytes.h"
#include "core/protocol/json_text.h"

// Whether a text is JSON (RFC 8259), and where the members of an object are in it. In: any bytes.
// Out: yes or no, and slices. No state, any thread. Every client message goes through here once,
// and nothing is built of it (docs/decisions.md, "One pass checks a message and cuts it").
//
// Each function takes the place where something must begin, and returns the place behind it, or
// null when something else is there. There is no recursion: each open container has the bracket
// that ends it on a stack.
namespace peer {
namespace {

constexpr std::size_t kMaxDepth = 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_at(const char* p, const char* end, char c) { return p != end && *p == c; }

/// Steps over white space, and says whether `c` is there: nearly always it is the next character.
[[gnu::always_inline]] inline bool skip_to(const char*& p, const char* end, char c) {
  if (is_at(p, end, c)) return true;
  p = skip_json_space(p, end);
  return is_at(p, end, c);
}

/// The quotes, backslashes and control characters of a text, 64 bytes of it at a time: so each byte
/// of it is classified once, however many strings and escapes there are.
class Specials {
 public:
  explicit Specials(std::string_view text)
      : block_(text.data()), end_(text.data() + text.size()), found_(look_at_first(block_)) {}

  /// The first one in [p, end), or `end`. From call to call `p` never goes back. Most are in the
  /// block that has been looked at: that is seen without a call.
  [[gnu::always_inline]] const char* next(const char* p) {
    if (p - block_ < kBlock) {
      const std::uint64_t left = found_ >> (p - block_);
      if (left != 0) return p + std::countr_zero(left);
      p = block_ + kBlock;
    }
    return next_block(p);
  }

 private:
  static constexpr std::ptrdiff_t kBlock = 64;

  [[gnu::noinline]] const char* next_block(const char* p) {
    for (; p < end_; p += kBlock) {
      found_ = look_at(p);
      block_ = p;
      if (found_ != 0) return p + std::countr_zero(found_);
    }
    return end_;
  }

  /// Nothing behind the end is read. Of the last block, which may be shorter, the bits from the end
  /// on are set.
  std::uint64_t look_at(const char* block) const {
    const std::ptrdiff_t size = end_ - block;
    if (size >= kBlock) return string_specials(block);
    // The 64 bytes before the end: the text has so many, since this is not the first block.
    return string_specials(end_ - kBlock) >> (kBlock - size) | ~std::uint64_t{0} << size;
  }

  /// The same of the block at the beginning.
  std::uint64_t look_at_first(const char* block) const {
    if (end_ - block >= kBlock) return string_specials(block);
    // The zeros count as control characters: the first one is at the end.
    std::array<char, kBlock> last{};
    std::copy(block, end_, last.begin());
    return string_specials(last.data());
  }

  const char* block_;
  const char* const end_;
  std::uint64_t found_;
};

struct Text {
  explicit Text(std::string_view text) : end(text.data() + text.size()), specials(text) {}

  const char* const end;
  Specials specials;
  bool escapes = false;  ///< check_string() has met one since this was set to false
};

/// What a byte may be behind a backslash, as bits.
constexpr std::uint8_t kEscaped = 1;   // alone
constexpr std::uint8_t kHexDigit = 2;  // behind `u`

constexpr std::array<std::uint8_t, 256> kInEscapes = [] {
  std::array<std::uint8_t, 256> bits{};
  const auto set = [&bits](std::string_view characters, std::uint8_t bit) {
    for (const char c : characters) bits[static_cast<unsigned char>(c)] |= bit;
  };
  set("\"\\/bfnrt", kEscaped);
  set("0123456789abcdefABCDEF", kHexDigit);
  return bits;
}();

std::uint8_t in_escape(char c) { return kInEscapes[static_cast<unsigned char>(c)]; }

/// `p` is at a backslash behind which at least one byte comes.
[[gnu::always_inline]] inline const char* check_escape(const char* p, const char* end) {
  if ((in_escape(p[1]) & kEscaped) != 0) return p + 2;
  if (p[1] != 'u' || end - p < 6) return nullptr;
  const int digits = in_escape(p[2]) & in_escape(p[3]) & in_escape(p[4]) & in_escape(p[5]);
  return (digits & kHexDigit) != 0 ? p + 6 : nullptr;
}

/// `p` is at the first special of a string.
[[gnu::noinline]] const char* check_rest_of_string(Text& text, const char* p) {
  const char* const end = text.end;
  text.escapes = true;
  for (;;) {
    if (p == end) return nullptr;
    if (*p != '\\') return *p == '"' ? p + 1 : nullptr;
    if (p + 1 == end) return nullptr;
    p = check_escape(p, end);
    if (p == nullptr) return nullptr;
    p = text.specials.next(p);
  }
}

/// `p` is at the opening quote.
[[gnu::always_inline]] inline const char* check_string(Text& text, const char* p) {
  p = text.specials.next(p + 1);
  // Most strings are short, and nothing in them is escaped.
  return is_at(p, text.end, '"') ? p + 1 : check_rest_of_string(text, p);
}

const char* check_word(const char* p, const char* end, std::string_view word) {
  const std::string_view rest(p, static_cast<std::size_t>(end - p));
  return rest.starts_with(word) ? p + word.size() : nullptr;
}

const char* check_digits(const char* p, const char* end) {
  if (p == end || !is_digit(*p)) return nullptr;
  do {
    ++p;
  } while (p != end && is_digit(*p));
  return p;
}

const char* check_number(const char* p, const char* end) {
  if (is_at(p, end, '-')) ++p;
  p = is_at(p, end, '0') ? p + 1 : check_digits(p, end);
  if (p != nullptr && is_at(p, end, '.')) p = check_digits(p + 1, end);
  if (p == nullptr || p == end || (*p | 0x20) != 'e') return p;
  ++p;
  if (p != end && (*p == '+' || *p == '-')) ++p;
  return check_digits(p, end);
}

const char* check_scalar(Text& text, const char* p) {
  switch (*p) {
    case '"':
      return check_string(text, p);
    case 't':
      return check_word(p, text.end, "true");
    case 'f':
      return check_word(p, text.end, "false");
    case 'n':
      return check_word(p, text.end, "null");
    default:
      return check_number(p, text.end);
  }
}

/// What is between a key and its value.
[[gnu::always_inline]] inline const char* check_colon(const char* p, const char* end) {
  return skip_to(p, end, ':') ? skip_json_space(p + 1, end) : nullptr;
}

/// `p` is before the key, or at it.
const char* check_key(Text& text, const char* p) {
  if (!skip_to(p, text.end, '"')) return nullptr;
  p = check_string(text, p);
  return p == nullptr ? nullptr : check_colon(p, text.end);
}

/// `p` is at the opening bracket; `outside`: the containers that are open around this one.
const char* check_container(Text& text, const char* p, std::size_t outside) {
  std::array<char, kMaxDepth> closing;  // of each open container, the bracket that is due
  std::size_t depth = outside;
  for (;;) {
    // At a value.
    if (p == text.end) return nullptr;
    if (*p == '{' || *p == '[') {
      if (depth == kMaxDepth) return nullptr;
      const char due = *p == '{' ? '}' : ']';
      closing[depth++] = due;
      p = skip_json_space(p + 1, text.end);
      if (!is_at(p, text.end, due)) {
        if (due == '}' && (p = check_key(text, p)) == nullptr) return nullptr;
        continue;
      }
    } else {
      p = *p == '"' ? check_string(text, p) : check_scalar(text, p);
      if (p == nullptr) return nullptr;
    }
    // Behind a value: containers close, up to the next comma.
    while (!skip_to(p, text.end, ',')) {
      if (!is_at(p, text.end, closing[depth - 1])) return nullptr;
      ++p;
      if (--depth == outside) return p;
    }
    ++p;
    if (closing[depth - 1] == ']') {
      p = skip_json_space(p, text.end);
    } else if ((p = check_key(text, p)) == nullptr) {
      return nullptr;
    }
  }
}

[[gnu::always_inline]] inline const char* check_value(Text& text, const char* p,
                                                      std::size_t outside) {
  if (p == text.end) return nullptr;
  if (*p == '"') return check_string(text, p);
  return *p == '{' || *p == '[' ? check_container(text, p, outside) : check_scalar(text, p);
}

/// `p` is behind the brace of an object. Its members go behind `members`, raw; `check(key, value)`
/// checks a value as check_value() does.
template <typename Check>
[[gnu::always_inline]] inline const char* find_members(Text& text, const char* p,
                                                       std::vector<JsonMember>& members,
                                                       Check check) {
  if (skip_to(p, text.end, '}')) return p + 1;
  for (;; ++p) {
    text.escapes = false;
    if (!skip_to(p, text.end, '"')) return nullptr;
    const char* const behind_key = check_string(text, p);
    if (behind_key == nullptr) return nullptr;
    const std::string_view key = json_slice(p, behind_key);
    const bool key_is_plain = !std::exchange(text.escapes, false);
    const char* const value = check_colon(behind_key, text.end);
    if (value == nullptr) return nullptr;
    p = check(key, value);
    if (p == nullptr) return nullptr;
    members.push_back({key, json_slice(value, p), key_is_plain, !text.escapes});
    if (!skip_to(p, text.end, ',')) break;
  }
  return is_at(p, text.end, '}') ? p + 1 : nullptr;
}

/// `p` is at the brace of an object that is the value of another one's member.
[[gnu::noinline]] const char* find_members_within(Text& text, const char* p,
                                                  std::vector<JsonMember>& members) {
  members.clear();  // a second member of that name is an error that is told later
  p = find_members(text, p + 1, members, [&](std::string_view, const char* value) {
    return check_value(text, value, 2);
  });
  text.escapes = true;  // of all that is in it
  return p;
}

/// Whether the members so far say that it is a message whose payload is read, and not handed on as
/// it came.
bool is_to_be_read(const std::vector<JsonMember>& members) {
  for (const JsonMember& member : members) {
    if (!is_word(member.key, "\"type\"")) continue;
    return !is_word(member.value, "\"signal\"") && !is_word(member.value, "\"relay\"");
  }
  return false;
}

}  // namespace

bool is_valid_json(std::string_view json) {
  if (!is_valid_utf8(json)) return false;
  Text text(json);
  const char* const p = check_value(text, skip_json_space(json.data(), text.end), 0);
  return p != nullptr && skip_json_space(p, text.end) == text.end;
}

// What a bracket opens ends at the bracket that closes it, whatever stands behind that: so a known
// value can be stepped over. It is as deep here as it was where it has been checked.
bool is_valid_object(std::string_view json, std::string_view known) {
  const bool helps = known.starts_with('{') || known.starts_with('[');
  Text text(json);
  const char* p = skip_json_space(json.data(), text.end);
  if (!is_at(p, text.end, '{')) return false;
  p = skip_json_space(p + 1, text.end);
  const char* unchecked = json.data();  // whose UTF-8 has not been looked at
  if (!is_at(p, text.end, '}')) {
    for (;; p = skip_json_space(p + 1, text.end)) {
      const char* const value = check_key(text, p);
      if (value == nullptr) return false;
      if (helps && json_slice(value, text.end).starts_with(known)) {
        if (!is_valid_utf8(json_slice(unchecked, value))) return false;
        p = unchecked = value + known.size();
      } else if ((p = check_value(text, value, 1)) == nullptr) {
        return false;
      }
      p = skip_json_space(p, text.end);
      if (!is_at(p, text.end, ',')) break;
    }
    if (!is_at(p, text.end, '}')) return false;
  }
  return skip_json_space(p + 1, text.end) == text.end &&
         is_valid_utf8(json_slice(unchecked, text.end));
}

bool read_json_object(std::string_view json, std::vector<JsonMember>& members,
                      std::vector<JsonMember>* of_payload) {
  Text text(json);
  const char* p = json.data();
  if (!skip_to(p, text.end, '{')) return false;
  const auto check = [&](std::string_view key, const char* value) __attribute__((always_inline)) {
    // Behind its first quote: compilers make no call of a comparison of eight bytes.
    const bool is_payload =
        is_word({key.data() + 1, key.size() - 1}, "payload\"") && is_at(value, text.end, '{');
    if (!is_payload || of_payload == nullptr || !is_to_be_read(members)) {
      return check_value(text, value, 1);
    }
    return find_members_within(text, value, *of_payload);
  };
  p = find_members(text, p + 1, members, check);
  return p != nullptr && skip_json_space(p, text.end) == text.end;
}

}  // namespace peer
