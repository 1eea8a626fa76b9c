#include <simdjson.h>
#include <bitset>

#include "core/protocol/json_bytes.h"
#include "core/protocol/json_text.h"

// The grammar of RFC 8259 without recursion: one bit for each open container says whether it is an
// object. A document is a run of values; after each one, containers close, or a comma (and in an
// object a key and a colon) leads to the next value.

namespace peer {
namespace {

constexpr std::size_t kMaxDepth = 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex_digit(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

class GrammarCheck {
 public:
  explicit GrammarCheck(std::string_view text) : p_(text.data()), end_(p_ + text.size()) {}

  bool document() {
    skip_space();
    do {
      if (!value()) return false;
    } while (expects_value_);
    return p_ == end_;
  }

 private:
  bool at_end() const { return p_ == end_; }
  void skip_space() { p_ = skip_json_space(p_, end_); }

  bool take(char c) {
    if (at_end() || *p_ != c) return false;
    ++p_;
    return true;
  }

  /// One scalar or empty container with all that follows it, or the opening of a container.
  bool value() {
    if (at_end()) return false;
    if (*p_ == '{' || *p_ == '[') {
      if (!open()) return false;
      if (!take(closing())) return !is_object() || key();
      --depth_;
      return follow();
    }
    return scalar() && follow();
  }

  bool open() {
    if (depth_ == kMaxDepth) return false;
    is_object_[depth_++] = *p_++ == '{';
    skip_space();
    return true;
  }

  bool is_object() const { return is_object_[depth_ - 1]; }
  char closing() const { return is_object() ? '}' : ']'; }

  /// Closes containers up to the next comma, or to the end of the document.
  bool follow() {
    for (;;) {
      skip_space();
      if (depth_ == 0) {
        expects_value_ = false;
        return true;
      }
      if (take(',')) {
        skip_space();
        return !is_object() || key();
      }
      if (!take(closing())) return false;
      --depth_;
    }
  }

  bool key() {
    if (!string()) return false;
    skip_space();
    if (!take(':')) return false;
    skip_space();
    return true;
  }

  bool scalar() {
    switch (*p_) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool word(std::string_view text) {
    if (!std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with(text)) return false;
    p_ += text.size();
    return true;
  }

  bool digits() {
    if (at_end() || !is_digit(*p_)) return false;
    while (!at_end() && is_digit(*p_)) ++p_;
    return true;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  bool string() {
    if (!take('"')) return false;
    for (;;) {
      p_ = find_string_special(p_, end_);
      if (take('"')) return true;
      if (!take('\\') || !escape()) return false;
    }
  }

  bool escape() {
    if (at_end()) return false;
    switch (*p_++) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        return true;
      case 'u':
        break;
      default:
        return false;
    }
    if (end_ - p_ < 4) return false;
    for (int i = 0; i < 4; ++i) {
      if (!is_hex_digit(*p_++)) return false;
    }
    return true;
  }

  const char* p_;
  const char* end_;
  bool expects_value_ = true;
  std::size_t depth_ = 0;
  std::bitset<kMaxDepth> is_object_;
};

}  // namespace

bool is_valid_json(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size()) && GrammarCheck(text).document();
}

}  // namespace peer
