#pragma once

#include <functional>

#include "core/config/load_config.h"
#include "core/process/prepare.h"
#include "core/process/process_events.h"

namespace peer {

/// Listens, calls `on_listening`, serves until a signal asks to stop, and shuts down as
/// docs/protocol.md, "Closing", says. SIGHUP reloads the configuration that `command_line` names,
/// SIGUSR1 opens the log file anew. Returns the exit code of the process: 0, or when it could not
/// start, 1, kExitConfig or kExitSystem. `events` has started. From the return on the process ends
/// within shutdown_timeout, whatever it still waits for. Main thread, once.
[[nodiscard]] int serve(ProcessEvents& events, const CommandLine& command_line, Config config,
                        Prepared prepared, const std::function<void()>& on_listening);

/// The time that a server may take to stop: drain_delay, then shutdown_timeout.
[[nodiscard]] milliseconds longest_stop(const Config& config);

}  // namespace peer
