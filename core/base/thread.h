#pragma once

#include <functional>
#include <string>
#include <thread>

#include <peer/sdk/result.h>

namespace peer {

/// A new thread that runs `body`. `what` names its work for the error, which is all that happens
/// when the system gives no thread (RLIMIT_NPROC, the pids limit of a container, no memory):
/// std::thread would throw. Any thread.
[[nodiscard]] sdk::Result<std::thread> start_thread(const std::string& what,
                                                    std::function<void()> body);

}  // namespace peer
