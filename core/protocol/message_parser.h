#pragma once

#include <utility>
#include <vector>

#include "core/protocol/json_members.h"
#include "core/protocol/message.h"
#include "core/protocol/payload_reader.h"

namespace peer {

/// What a parser keeps from message to message. Only message.cc and requests.cc, which fill and
/// read it, include this.
struct MessageParser::Impl {
  TextArena texts;                   ///< decoded strings of the current message
  std::vector<JsonMember> envelope;  ///< keys decoded
  std::vector<JsonMember> payload;   ///< keys decoded, but:
  bool payload_is_raw = false;       ///< as parse() has found them; no reader has been there yet

  /// Of the payload that parse() or parse_payload() has validated.
  PayloadReader reader(const Message& message) {
    const bool found = std::exchange(payload_is_raw, false) && message.has_members;
    return {message.payload, texts, payload, found};
  }
};

}  // namespace peer
