#pragma once

#include "core/config/load_config.h"

namespace peer {

/// Serves as a Poco::Util::ServerApplication, whose `--daemon` this is: in the background when the
/// command line says so, with a file that holds the process id while it runs (PidFile). Mistakes of
/// the configuration are told before that, while there is a stderr. The process in front exits when
/// the daemon listens. Returns the exit code. Main thread, once.
[[nodiscard]] int run_application(const char* program, const CommandLine& command_line,
                                  LoadedConfig loaded);

}  // namespace peer
