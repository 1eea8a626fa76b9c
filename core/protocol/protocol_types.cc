#include "core/protocol/protocol_types.h"

#include <algorithm>
#include <array>

#include "core/protocol/message.h"

namespace peer {
namespace {

// The schema of docs/ has the same list; a test compares the two.
constexpr std::array<std::string_view, 21> kServerTypes = {
    "registered",   "auth_challenge", "peer_list",       "peer_joined",
    "peer_left",    "matched",        "match_cancelled", "match_expired",
    "room_created", "room_updated",   "room_closed",     "ack",
    "pong",         "error",          "resumed",         "auth_refreshed",
    "peer_updated", "peer_away",      "peer_back",       "server_message",
    "room_list",
};

}  // namespace

bool is_protocol_type(std::string_view text) {
  return message_type_of(text) != MessageType::kUnknown ||
         std::find(kServerTypes.begin(), kServerTypes.end(), text) != kServerTypes.end();
}

}  // namespace peer
