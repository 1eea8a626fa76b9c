#pragma once

#include <peer/sdk/broker_types.h>

namespace peer {

/// What a member wants to hear of the others (docs/protocol.md, "C.7 Presence").
using sdk::Watches;

}  // namespace peer
