#include "tests/support/signal_child.h"

#include <sys/wait.h>

#include <csignal>

namespace peer::test {

bool signal_child(pid_t pid, int number) {
  if (::kill(pid, number) != 0) return false;
  siginfo_t change{};
  if (number == SIGSTOP) {
    waitid(P_PID, static_cast<id_t>(pid), &change, WSTOPPED | WEXITED | WNOWAIT);
  }
  return true;
}

}  // namespace peer::test
