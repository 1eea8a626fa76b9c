#include "core/config/text_bytes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/base/utf8.h"

namespace peer {
namespace {

/// Where the first invalid byte is; the end, if a character is cut there.
std::size_t end_of_valid_utf8(std::string_view text) {
  Utf8Checker checker;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    // Byte by byte, since only a file that is wrong comes here: the checker does not say where.
    if (!checker.feed(std::span(&byte, 1))) return i;
  }
  return text.size();
}

/// "\xC2\x85" and the other C1 controls have two bytes: C2 and 80 to 9F.
bool is_c1_control(std::string_view rest) {
  return rest.size() > 1 && rest[0] == '\xC2' && static_cast<std::uint8_t>(rest[1]) < 0xA0;
}

std::optional<std::string_view> fault_of(std::string_view rest) {
  const auto byte = static_cast<std::uint8_t>(rest[0]);
  if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F ||
      is_c1_control(rest)) {
    return "a control character; remove it, or write it as an escape in double quotes";
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOthers{{
      {"\xE2\x80\xA8", "a line separator of Unicode (U+2028); write a line feed"},
      {"\xE2\x80\xA9", "a paragraph separator of Unicode (U+2029); write a line feed"},
      {"\xEF\xBB\xBF",
       "a byte order mark, which may stand only at the start of the file; remove it"},
  }};
  for (const auto& [bytes, fault] : kOthers) {
    if (rest.starts_with(bytes)) return fault;
  }
  return std::nullopt;
}

}  // namespace

int line_at(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, std::min(position, text.size()));
  return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
}

std::optional<SyntaxError> find_bad_bytes(std::string_view text) {
  if (!is_valid_utf8(text)) {
    return SyntaxError{line_at(text, end_of_valid_utf8(text)),
                       "expected UTF-8 text; save the file as UTF-8"};
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const auto fault = fault_of(text.substr(i))) {
      return SyntaxError{line_at(text, i), "found " + std::string(*fault)};
    }
  }
  return std::nullopt;
}

}  // namespace peer
