#pragma once

#include <sys/types.h>

namespace peer::test {

/// Sends a signal to a child process; false: it is gone. After SIGSTOP this returns only when all
/// of its threads stand still: some run on for a moment.
bool signal_child(pid_t pid, int number);

}  // namespace peer::test
