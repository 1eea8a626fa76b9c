#pragma once

#include "core/config/config.h"
#include "core/prepare.h"

namespace peer {

/// Listens, serves until a signal asks to stop, and shuts down as protocol.md A
/// says. Returns the exit code of the process: 0, or 1 when it could not start.
/// Main thread, once.
[[nodiscard]] int serve(const Config& config, Prepared prepared);

}  // namespace peer
