#pragma once

#include "core/config/load_config.h"
#include "core/process/server.h"

namespace peer {

/// SIGHUP: reads the configuration again, from the same file, environment and command line, and the
/// certificate. If anything is wrong with any of it, nothing changes. Otherwise `running` becomes
/// what the server runs with now: the new values, but those of keys that need a restart, which are
/// named. The outcome is logged. Main thread: reads the disk.
void reload(Server& server, const CommandLine& command_line, Config& running);

}  // namespace peer
