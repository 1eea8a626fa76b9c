#pragma once

#include <vector>

#include "core/protocol/json_members.h"
#include "core/protocol/message.h"

namespace peer {

/// What a parser keeps from message to message. Only message.cc and requests.cc, which fill and
/// read it, include this.
struct MessageParser::Impl {
  TextArena texts;                   ///< decoded strings of the current message
  std::vector<JsonMember> envelope;  ///< keys decoded
  std::vector<JsonMember> payload;   ///< keys decoded
};

}  // namespace peer
