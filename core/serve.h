#pragma once

#include <functional>

#include "core/config/load_config.h"
#include "core/prepare.h"

namespace peer {

/// Listens, calls `on_listening`, serves until a signal asks to stop, and shuts down as protocol.md
/// A says. SIGHUP reloads the configuration that `command_line` names, SIGUSR1 opens the log file
/// anew. Returns the exit code of the process: 0, or 1 when it could not start. Main thread, once.
[[nodiscard]] int serve(const CommandLine& command_line, Config config, Prepared prepared,
                        const std::function<void()>& on_listening);

}  // namespace peer
