#include "core/protocol/json_scan.h"

#include <cstdint>
#include <cstring>

#include "core/protocol/json_bytes.h"

// Walks JSON that has been validated. In: raw text. Out: slices of it, and strings as UTF-8. No
// state but that of the cursors and the arena, each on one thread. The grammar is not checked
// again: brackets are counted, and everything between them is passed over. A text that is not valid
// gives useless slices, but nothing outside of it is read.
namespace peer {
namespace {

/// `p` is at the opening quote. Anything escaped makes `plain` false.
const char* skip_string(const char* p, const char* end, bool& plain) {
  ++p;
  for (;;) {
    p = find_string_special(p, end);
    if (p == end) return end;
    if (*p == '"') return p + 1;
    plain = false;
    if (end - p < 2) return end;
    p += 2;
  }
}

/// `p` is at the opening bracket. Brackets are known to match, so counting them is enough.
const char* skip_container(const char* p, const char* end, bool& plain) {
  std::size_t depth = 0;
  while ((p = find_quote_or_bracket(p, end)) != end) {
    if (*p == '"') {
      p = skip_string(p, end, plain);
      continue;
    }
    const bool opens = *p == '{' || *p == '[';
    ++p;
    if (opens) {
      ++depth;
    } else if (--depth == 0) {
      return p;
    }
  }
  return end;
}

const char* skip_scalar(const char* p, const char* end) {
  while (p != end && *p != ',' && *p != '}' && *p != ']' && !is_json_space(*p)) ++p;
  return p;
}

/// As skip_json_value().
const char* skip_value(const char* p, const char* end, bool& plain) {
  if (p == end) return end;
  if (*p == '"') return skip_string(p, end, plain);
  if (*p == '{' || *p == '[') return skip_container(p, end, plain);
  return skip_scalar(p, end);
}

/// Steps over white space and the comma before the next item. Returns false when there is none.
bool next_item(const char*& p, const char* end, char closing) {
  p = skip_json_space(p, end);
  if (p != end && *p == ',') p = skip_json_space(p + 1, end);
  return p != end && *p != closing;
}

std::uint32_t hex_value(char c) {
  if (c <= '9') return static_cast<std::uint32_t>(c - '0');
  return static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
}

/// The code unit of a `\uXXXX` escape; `p` is at its first digit.
std::uint32_t code_unit(const char* p) {
  return hex_value(p[0]) << 12 | hex_value(p[1]) << 8 | hex_value(p[2]) << 4 | hex_value(p[3]);
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto trail = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xc0 | code_point >> 6);
    out += trail(code_point);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xe0 | code_point >> 12);
    out += trail(code_point >> 6);
    out += trail(code_point);
  } else {
    out += static_cast<char>(0xf0 | code_point >> 18);
    out += trail(code_point >> 12);
    out += trail(code_point >> 6);
    out += trail(code_point);
  }
}

/// Decodes a `\uXXXX` escape, or a pair of them; `p` is at the first digit and moves behind.
bool append_unicode_escape(std::string& out, const char*& p, const char* end) {
  if (end - p < 4) return false;
  std::uint32_t code_point = code_unit(p);
  p += 4;
  // The second half of a pair without its first (RFC 8259 8.2).
  if (code_point >= 0xdc00 && code_point <= 0xdfff) return false;
  if (code_point >= 0xd800 && code_point <= 0xdbff) {
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return false;
    const std::uint32_t low = code_unit(p + 2);
    if (low < 0xdc00 || low > 0xdfff) return false;
    code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
    p += 6;
  }
  append_utf8(out, code_point);
  return true;
}

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

}  // namespace

const char* skip_some_json_space(const char* p, const char* end) {
  while (p != end && is_json_space(*p)) ++p;
  return p;
}

const char* skip_json_value(const char* p, const char* end) {
  bool plain = true;
  return skip_value(p, end, plain);
}

ObjectCursor::ObjectCursor(std::string_view object)
    : p_(object.data()), end_(object.data() + object.size()) {
  p_ = object.starts_with('{') ? p_ + 1 : end_;
}

bool ObjectCursor::next(JsonMember& member) {
  if (!next_item(p_, end_, '}')) return false;
  member.key_is_plain = member.value_is_plain = true;
  const char* const key = p_;
  p_ = skip_value(p_, end_, member.key_is_plain);
  member.key = json_slice(key, p_);
  p_ = skip_json_space(p_, end_);
  if (p_ != end_) p_ = skip_json_space(p_ + 1, end_);
  const char* const value = p_;
  p_ = skip_value(p_, end_, member.value_is_plain);
  member.value = json_slice(value, p_);
  return true;
}

std::string_view find_member(std::string_view object, std::string_view key) {
  ObjectCursor cursor(object);
  for (JsonMember member; cursor.next(member);) {
    if (without_quotes(member.key) == key) return member.value;
  }
  return {};
}

ListCursor::ListCursor(std::string_view list) : p_(list.data()), end_(list.data() + list.size()) {
  p_ = list.starts_with('[') ? p_ + 1 : end_;
}

bool ListCursor::next(std::string_view& element) {
  if (!next_item(p_, end_, ']')) return false;
  const char* const begin = p_;
  p_ = skip_json_value(p_, end_);
  element = json_slice(begin, p_);
  return true;
}

bool append_decoded(std::string& out, std::string_view raw) {
  if (raw.size() < 2) return false;
  const char* p = raw.data() + 1;
  const char* const end = raw.data() + raw.size() - 1;
  while (p != end) {
    const auto* const escape =
        static_cast<const char*>(std::memchr(p, '\\', static_cast<std::size_t>(end - p)));
    out.append(p, escape == nullptr ? end : escape);
    if (escape == nullptr) break;
    if (end - escape < 2) return false;
    p = escape + 2;
    if (escape[1] != 'u') {
      out += simple_escape(escape[1]);
    } else if (!append_unicode_escape(out, p, end)) {
      return false;
    }
  }
  return true;
}

std::optional<std::string_view> TextArena::decode(std::string_view raw) {
  if (raw.size() < 2) return std::nullopt;
  const std::string_view inner = without_quotes(raw);
  if (inner.find('\\') == std::string_view::npos) return inner;
  std::string text;
  text.reserve(inner.size());
  if (!append_decoded(text, raw)) return std::nullopt;
  return texts_.emplace_back(std::move(text));
}

}  // namespace peer
