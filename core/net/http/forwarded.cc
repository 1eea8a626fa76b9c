#include "core/net/http/forwarded.h"

#include <strings.h>

#include <algorithm>

// The header Forwarded (RFC 7239 4). In: one line of it, as it came. Out: the `for` of each of its
// elements, or nothing when the line breaks the grammar. No state, any thread. The server believes
// this header about the client behind a proxy, so this file does not guess: see Reader.
namespace peer {
namespace {

/// Reads a line from left to right. A proxy appends its element to what its client has sent, so a
/// line with one fault is refused as a whole: a client's open quote must not swallow the proxy's
/// element and leave the client's own in its place.
class Reader {
 public:
  explicit Reader(std::string_view line) : rest_(line) {}

  std::optional<std::vector<std::string>> read() {
    std::vector<std::string> values;
    do {
      std::string value;
      if (!read_element(value)) return std::nullopt;
      values.push_back(std::move(value));
    } while (take(','));
    if (!rest_.empty()) return std::nullopt;
    return values;
  }

 private:
  bool read_element(std::string& for_value) {
    bool named = false;
    do {
      skip_blanks();
      const std::string_view name = take_token();
      if (name.empty()) continue;  // RFC 7239 4 allows ";;"
      std::string value;
      if (!take('=') || !read_value(value)) return false;
      skip_blanks();
      if (!is_for(name)) continue;
      if (named) return false;
      named = true;
      for_value = std::move(value);
    } while (take(';'));
    return true;
  }

  bool read_value(std::string& value) {
    if (take('"')) return read_quoted(value);
    // RFC 7239 wants quotes around colons and brackets; what sends them bare is understood.
    const std::size_t end = std::min(rest_.find_first_of(";, \t\""), rest_.size());
    value = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return !value.empty();
  }

  bool read_quoted(std::string& value) {
    while (!rest_.empty()) {
      char c = take_char();
      if (c == '"') return true;
      if (c == '\\') {
        if (rest_.empty()) return false;
        c = take_char();
      }
      value.push_back(c);
    }
    return false;
  }

  std::string_view take_token() {
    const std::size_t end = std::min(rest_.find_first_of("=;, \t\""), rest_.size());
    const std::string_view token = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return token;
  }

  char take_char() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  static bool is_for(std::string_view name) {
    return name.size() == 3 && ::strncasecmp(name.data(), "for", 3) == 0;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<std::string>> read_forwarded(std::string_view line) {
  return Reader(line).read();
}

}  // namespace peer
