#pragma once

#include "core/config/config.h"

namespace peer {

/// Loads the plugins, listens, serves until a signal asks to stop, and shuts down as protocol.md A
/// says. Returns the exit code of the process: 0, 1 when it could not start, or kExitConfig.
/// Main thread, once.
[[nodiscard]] int serve(const Config& config);

}  // namespace peer
