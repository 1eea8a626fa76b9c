#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Numbers of validated JSON by their exact decimal value; `raw` is the number's text. Time and
/// memory are linear in its length, whatever the exponent says.
namespace peer {

/// The number when its value is integral (2, 2.0, 20e-1; docs/protocol.md, "Errors"), saturated to
/// the range of the type; else nullopt.
[[nodiscard]] std::optional<std::int64_t> integer_value(std::string_view raw);

/// The nearest double; infinite beyond the range, zero below it.
[[nodiscard]] double double_value(std::string_view raw);

/// Appends the one text that all numbers of this value share: 0, or digits without zeros at either
/// end and a power of ten ("12e1" for 120, 120.0 and 1.2e2).
void append_canonical_number(std::string& out, std::string_view raw);

}  // namespace peer
