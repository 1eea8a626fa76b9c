#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/net/event_loop.h"

namespace peer {

/// The loops of a server process, by their index. Filled before they run, and not changed then.
using Loops = std::vector<std::unique_ptr<EventLoop>>;

/// The loop on which a node does what concerns a namespace, but none of its own peers there: the
/// matches of all nodes are made on it, say. Every thread of this process finds the same one for a
/// name; another node, or this one with another number of loops, finds another.
[[nodiscard]] inline EventLoop& home_of(const Loops& loops, std::string_view ns) {
  return *loops[std::hash<std::string_view>{}(ns) % loops.size()];
}

}  // namespace peer
