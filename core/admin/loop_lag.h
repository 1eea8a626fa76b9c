#pragma once

#include <chrono>
#include <vector>

#include "core/base/unique_task.h"
#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// How long each loop of a node, by its index, let a task wait.
using LoopLags = std::vector<std::chrono::microseconds>;

/// Has each loop run a task, and tells how long each let it wait. `loop`: who asks, on whose thread
/// this is called and `done` runs. It never runs when a loop hangs or has ended. The times of one
/// answer overlap: the tasks are posted one behind the other, and wait side by side.
void measure_lag(Node& node, EventLoop& loop, UniqueTask<void(LoopLags)> done);

}  // namespace peer
