#pragma once

#include <string_view>
#include <vector>

#include "core/protocol/json_scan.h"

namespace peer {

/// Checks that `text`, valid UTF-8, is one JSON object (as is_valid_json() does), and finds its
/// members in the same pass, in order; and, for who wants them, those of its member `payload` if
/// that is an object and behind a `type` whose payload is read: that of a `signal` or `relay` is
/// handed on as it came. False when it is not; the lists, empty before, are then of no use.
[[nodiscard]] bool read_json_object(std::string_view text, std::vector<JsonMember>& members,
                                    std::vector<JsonMember>* of_payload = nullptr);

/// Whether `text` is one JSON object, as is_valid_json() has it. Where the value of one of its
/// members is `known`, it is not looked at again: an object or array that a member of another sound
/// object has, which is UTF-8. What is none of these is no help.
[[nodiscard]] bool is_valid_object(std::string_view text, std::string_view known);

}  // namespace peer
