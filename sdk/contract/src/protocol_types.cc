#include "protocol_types.h"

#include <algorithm>
#include <array>

namespace peer::sdk::contract {
namespace {

// docs/protocol.schema.json has the same list; a test compares the two.
constexpr std::array<std::string_view, 41> kTypes = {
    "register",
    "join",
    "leave",
    "discover",
    "signal",
    "relay",
    "broadcast",
    "match",
    "match_cancel",
    "create_room",
    "join_room",
    "room_info",
    "kick",
    "metadata",
    "ping",
    "auth_response",
    "ice_servers",
    "resume",
    "auth_refresh",
    "registered",
    "auth_challenge",
    "peer_list",
    "peer_joined",
    "peer_left",
    "matched",
    "match_cancelled",
    "match_expired",
    "room_created",
    "room_updated",
    "room_closed",
    "ack",
    "pong",
    "error",
    "resumed",
    "auth_refreshed",
    "peer_updated",
    "peer_away",
    "peer_back",
    "server_message",
    "list_rooms",
    "room_list",
};

}  // namespace

bool is_protocol_type(std::string_view type) {
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

}  // namespace peer::sdk::contract
