#pragma once

#include <string_view>
#include <vector>

#include "core/protocol/json_scan.h"

namespace peer {

/// Checks that `text`, valid UTF-8, is one JSON object (as is_valid_json() does), and finds its
/// members in the same pass, in order. False when it is not; `members` is then of no use.
[[nodiscard]] bool read_json_object(std::string_view text, std::vector<JsonMember>& members);

/// Whether `text` is one JSON object, as is_valid_json() has it. Where the value of one of its
/// members is `known`, it is not looked at again: an object or array that a member of another sound
/// object has, which is UTF-8. What is none of these is no help.
[[nodiscard]] bool is_valid_object(std::string_view text, std::string_view known);

}  // namespace peer
