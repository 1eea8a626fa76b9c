#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <peer/sdk/result.h>

namespace peer {

/// Compares one scalar that yaml-cpp has read with the text that it begins at: yaml-cpp 0.7 takes
/// some texts without a word that say something else to a reader of the file. Refused are
///  - quoted text that does not end on its line: a quote that was never closed swallows the keys
///    behind it,
///  - text directly behind a closing quote,
///  - plain text that goes on in the next line,
///  - block text that is empty or has an indentation number: `secret: |5` is an empty one,
///  - a tag, and
///  - a key without a ':' behind it: "port 9000" is a key without a value.
/// `text` is valid UTF-8. Returns where the scalar ends. The error shows nothing of the text.
[[nodiscard]] sdk::Result<std::size_t> check_yaml_scalar(std::string_view text, std::size_t begin,
                                                         const std::string& value, bool is_key);

/// Where the quote opens that is never closed, when yaml-cpp met the end of the file in a quoted
/// scalar that begins behind `from`.
[[nodiscard]] std::size_t find_open_quote(std::string_view text, std::size_t from);

inline constexpr const char* kOpenQuote =
    "quoted text does not end on its line; close the quote, and write \\n in double quotes for a "
    "line's end";

}  // namespace peer
