#pragma once

#include <memory>
#include <string_view>

#include <peer/sdk/broker.h>

#include "core/server/node.h"

/// What other nodes, and the broker, say to this one of sessions on their way between nodes: taken
/// to the loop that it concerns. Any thread.
namespace peer {

/// Another node says one.
void hear_node(Node& node, std::string_view from, std::string_view text);
/// As BrokerHost::peer_taken().
void hear_taken(Node& node, const sdk::Registered& peer, std::shared_ptr<void> hold);

}  // namespace peer
