#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>
#include <vector>

#include "core/protocol/json_scan.h"
#include "core/protocol/message.h"

namespace peer {

/// What a parser keeps from message to message.
struct MessageParser::Impl {
  simdjson::dom::parser dom;
  TextArena texts;                   ///< decoded strings of the current message
  std::vector<JsonMember> envelope;  ///< keys decoded
  std::vector<JsonMember> payload;   ///< keys decoded
};

/// Reads the members of the validated object `object`, keys decoded. Returns nullopt, else the
/// words of the 400 error: "duplicate field", "invalid message" (a key with an unpaired surrogate);
/// `members` is complete except for such keys. O(n log n) for n members.
[[nodiscard]] std::optional<std::string_view> read_members(std::string_view object,
                                                           TextArena& texts,
                                                           std::vector<JsonMember>& members);

/// The raw value of the first member `key`; empty when there is none.
[[nodiscard]] std::string_view value_of(const std::vector<JsonMember>& members,
                                        std::string_view key);

}  // namespace peer
