#pragma once

#include <string_view>
#include <vector>

#include "core/protocol/json_scan.h"

namespace peer {

/// Checks that `text`, valid UTF-8, is one JSON object (as is_valid_json() does), and finds its
/// members in the same pass, in order. False when it is not; `members` is then of no use.
[[nodiscard]] bool read_json_object(std::string_view text, std::vector<JsonMember>& members);

}  // namespace peer
