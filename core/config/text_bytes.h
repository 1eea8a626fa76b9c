#pragma once

#include <optional>
#include <string_view>

#include "core/config/node.h"

namespace peer {

/// The first byte or character that no configuration file has, with its line: invalid UTF-8 (UTF-16
/// included), a control character other than tab, line feed and carriage return, another line
/// separator of Unicode, a byte order mark. An editor shows such text in another way than a parser
/// reads it. Nullopt for clean text.
[[nodiscard]] std::optional<SyntaxError> find_bad_bytes(std::string_view text);

/// The number of the line, from 1, that the byte at `position` is in.
[[nodiscard]] int line_at(std::string_view text, std::size_t position);

}  // namespace peer
