#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <peer/sdk/value.h>

namespace peer {

/// What validated JSON may have that a parsed value cannot.
enum class ValueFault {
  kNone,
  kTooDeep,
  kDuplicateKey,       ///< compared decoded
  kUnpairedSurrogate,  ///< an escape that UTF-8 cannot say, in a key or a string
};

/// Parses the validated JSON value `raw`, with at most `max_depth` (below 1024) containers open at
/// once, into `out`. One pass; on a fault `out` is incomplete.
[[nodiscard]] ValueFault parse_json_value(std::string_view raw, std::size_t max_depth,
                                          sdk::Value& out);

/// About what an object takes for each member in memory, beside its key and value.
inline constexpr std::size_t kMemberSize = 64;
/// About what a parsed value takes in memory.
[[nodiscard]] std::size_t memory_of(const sdk::Value& value);

/// The one text that all JSON of the same value shares: no white space, keys in byte order, strings
/// escaped one way, numbers by their exact value. `raw` is one that parse_json_value() took.
[[nodiscard]] std::string canonical_json(std::string_view raw);

}  // namespace peer
