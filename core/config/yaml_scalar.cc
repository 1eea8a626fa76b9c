#include "core/config/yaml_scalar.h"

#include <algorithm>
#include <optional>

// A second look at each scalar that yaml-cpp has read. In: the text of the file, where the scalar
// begins in it, what yaml-cpp made of it. Out: where it ends, or why it is refused. No state, any
// thread. This is no second parser: what it cannot compare at a glance, such as text over several
// lines, it refuses.
namespace peer {
namespace {

using sdk::Error;
using sdk::Result;

constexpr std::string_view kSpace = " \t";
constexpr std::string_view kLineEnd = "\r\n";

bool is_any_of(std::string_view bytes, char c) { return bytes.find(c) != std::string_view::npos; }

/// Behind the closing quote of the text that opens at `begin`; nullopt if its line ends first.
std::optional<std::size_t> end_of_quoted(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t i = begin + 1; i < text.size() && !is_any_of(kLineEnd, text[i]); ++i) {
    const bool another_follows = i + 1 < text.size() && !is_any_of(kLineEnd, text[i + 1]);
    if (quote == '"' && text[i] == '\\') {
      if (!another_follows) return std::nullopt;
      ++i;
    } else if (text[i] == quote) {
      const bool is_doubled = quote == '\'' && another_follows && text[i + 1] == quote;
      if (!is_doubled) return i + 1;
      ++i;
    }
  }
  return std::nullopt;
}

Result<std::size_t> check_quoted(std::string_view text, std::size_t begin) {
  const auto end = end_of_quoted(text, begin);
  if (!end) return Error{kOpenQuote};
  if (*end < text.size() && !is_any_of(" \t\r\n,:]}", text[*end])) {
    return Error{"text directly behind a closing quote; put all of it in the quotes"};
  }
  return *end;
}

Result<std::size_t> check_plain(std::string_view text, std::size_t begin,
                                const std::string& value) {
  if (text.substr(begin, value.size()) == value) return begin + value.size();
  return Error{
      "text goes on in the next line; write it on one line, or check the indentation and "
      "brackets"};
}

/// The content needs no check: yaml-cpp reads it right, and refuses odd indentation.
Result<std::size_t> check_block(std::string_view text, std::size_t begin,
                                const std::string& value) {
  const std::size_t end = std::min(text.find_first_of(kLineEnd, begin), text.size());
  const std::string_view header = text.substr(begin, end - begin);
  const std::string_view indicator = header.substr(0, header.find_first_of(" \t#"));
  if (indicator.find_first_of("0123456789") != std::string_view::npos) {
    return Error{
        "block text with an indentation number is not supported; quote text that starts "
        "with '|' or '>'"};
  }
  if (value.find_first_not_of('\n') == std::string::npos) {
    return Error{"block text is empty; quote text that starts with '|' or '>'"};
  }
  return end;
}

Result<std::size_t> check_one(std::string_view text, std::size_t begin, const std::string& value) {
  switch (begin < text.size() ? text[begin] : '\0') {
    case '"':
    case '\'':
      return check_quoted(text, begin);
    case '|':
    case '>':
      return check_block(text, begin, value);
    case '!':
      return Error{"tags are not supported; remove the tag, or quote the text"};
    default:
      return check_plain(text, begin, value);
  }
}

}  // namespace

Result<std::size_t> check_yaml_scalar(std::string_view text, std::size_t begin,
                                      const std::string& value, bool is_key) {
  const Result<std::size_t> end = check_one(text, begin, value);
  if (!end || !is_key) return end;
  const std::size_t colon = text.find_first_not_of(kSpace, *end);
  if (colon == std::string_view::npos || text[colon] != ':') {
    return Error{"expected ': ' after the key"};
  }
  return end;
}

std::size_t find_open_quote(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '"' || text[i] == '\'') return i;
    const bool is_comment = text[i] == '#' && i > 0 && is_any_of(" \t\n", text[i - 1]);
    if (is_comment) i = std::min(text.find('\n', i), text.size()) - 1;
  }
  return text.size();
}

}  // namespace peer
