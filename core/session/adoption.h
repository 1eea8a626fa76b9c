#pragma once

#include "core/server/node.h"

/// Sessions that are parked in what the nodes share: this node takes them, as far as it has room,
/// and keeps them until their clients come. Any thread.
namespace peer {

/// There may be some.
void adopt_parked(Node& node);
/// The one that was to come has come, or has not: the next one.
void adopt_next(Node& node);

}  // namespace peer
