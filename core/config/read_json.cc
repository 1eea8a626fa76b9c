#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/config/read_text.h"
#include "core/config/text_bytes.h"

// JSON (RFC 8259) as a tree. In: the text of a file or of a setting. Out: nodes with their lines,
// duplicate keys included, or the first thing that is wrong, with its line. No state, any thread. A
// reader of its own, for the line numbers: messages name the line of each mistake. Recursion ends
// at kMaxConfigDepth, and memory at kMaxConfigNodes.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;
using Style = ConfigNode::Style;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

/// Recursive descent. The functions return false after the first error, which `error_` then holds.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  ConfigTree read() {
    ConfigNode root;
    if (!value(root, 0)) return error_;
    skip_space();
    if (!at_end() && !fail("expected nothing after the last '}'")) return error_;
    return root;
  }

 private:
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
  /// The next byte; NUL, which is legal nowhere in JSON, at the end.
  [[nodiscard]] char next() const { return at_end() ? '\0' : text_[position_]; }

  bool fail(std::string message) {
    error_ = {line_, "JSON: " + std::move(message)};
    return false;
  }

  bool take(char c) {
    if (at_end() || next() != c) return false;
    ++position_;
    return true;
  }

  void skip_space() {
    for (; !at_end(); ++position_) {
      const char c = next();
      if (c == '\n') ++line_;
      if (c != '\n' && c != ' ' && c != '\t' && c != '\r') return;
    }
  }

  bool value(ConfigNode& node, int depth) {
    skip_space();
    if (depth > kMaxConfigDepth) return fail("nested too deeply");
    if (++count_ > kMaxConfigNodes) return fail("too many values");
    // A member has the line of its key already.
    if (node.line == 0) node.line = line_;
    switch (next()) {
      case '{':
        return object(node, depth);
      case '[':
        return array(node, depth);
      case '"':
        node.kind = Kind::kScalar;
        node.style = Style::kQuoted;
        return string(node.text);
      default:
        return word(node);
    }
  }

  bool object(ConfigNode& node, int depth) {
    node.kind = Kind::kMap;
    take('{');
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      ConfigNode& child = node.children.emplace_back();
      child.line = line_;
      if (next() != '"') return fail("expected a key in double quotes");
      if (!string(child.key)) return false;
      skip_space();
      if (!take(':')) return fail("expected ':' after the key");
      if (!value(child, depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take('}') || fail("expected ',' or '}'");
  }

  bool array(ConfigNode& node, int depth) {
    node.kind = Kind::kList;
    take('[');
    skip_space();
    if (take(']')) return true;
    do {
      if (!value(node.children.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']') || fail("expected ',' or ']'");
  }

  bool string(std::string& out) {
    take('"');
    while (!at_end()) {
      const char c = text_[position_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return fail("control character in a string");
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return fail("string without an end");
  }

  bool escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    if (take('u')) return unicode_escape(out);
    const std::size_t index = at_end() ? std::string_view::npos : kNames.find(next());
    if (index == std::string_view::npos) return fail("unknown escape in a string");
    ++position_;
    out += kValues[index];
    return true;
  }

  /// The part after "\u", and the second half of a surrogate pair (RFC 8259 7).
  bool unicode_escape(std::string& out) {
    const auto unit = hex4();
    if (!unit) return fail("expected four hex digits after \\u");
    std::uint32_t code = *unit;
    if (code >= 0xD800 && code < 0xE000) {
      const auto low = code < 0xDC00 && take('\\') && take('u') ? hex4() : std::nullopt;
      if (!low || *low < 0xDC00 || *low >= 0xE000) return fail("unpaired surrogate in a string");
      code = 0x10000 + ((code - 0xD800) << 10U) + (*low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  std::optional<std::uint32_t> hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++position_) {
      const char c = next();
      std::uint32_t digit = 0;
      if (is_digit(c)) {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<std::uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<std::uint32_t>(c - 'A' + 10);
      } else {
        return std::nullopt;
      }
      code = code << 4U | digit;
    }
    return code;
  }

  /// A number, true, false or null.
  bool word(ConfigNode& node) {
    const std::size_t start = position_;
    const bool numeric = next() == '-' || is_digit(next());
    if (numeric && !number()) return fail("bad number");
    // All letters that follow: so "nullx" is no null with something behind it.
    while (!numeric && next() >= 'a' && next() <= 'z') ++position_;
    const std::string_view text = text_.substr(start, position_ - start);
    if (text == "null") return true;
    if (!numeric && text != "true" && text != "false") return fail("expected a value");
    node.kind = Kind::kScalar;
    node.text = text;
    return true;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  bool digits() {
    const std::size_t start = position_;
    while (is_digit(next())) ++position_;
    return position_ > start;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
  int count_ = 0;
  SyntaxError error_;
};

}  // namespace

ConfigTree read_json(std::string_view text) {
  if (auto bad = find_bad_bytes(text)) return std::move(*bad);
  return JsonReader(text).read();
}

}  // namespace peer
