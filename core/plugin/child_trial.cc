#include "core/plugin/child_trial.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace peer {
namespace {

using sdk::Error;

/// An exception that does find its way out ends the child: where it was thrown nobody would say.
void run_or_die(const std::function<void()>& run) noexcept { run(); }

}  // namespace

sdk::Result<void> try_in_child(const char* what_ends, unsigned seconds,
                               const std::function<void()>& run) {
  const pid_t child = ::fork();
  if (child < 0) return {};
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(seconds);
    run_or_die(run);
    ::_exit(0);
  }
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended != child || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) return {};
  const std::string text = what_ends;
  constexpr const char* kRule = "; what runs there may not throw, crash or hang";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
    return Error{text + " never, or not within " + std::to_string(seconds) + " s" + kRule};
  }
  if (WIFSIGNALED(status)) {
    return Error{text + " the process (" + ::strsignal(WTERMSIG(status)) + ")" + kRule};
  }
  return Error{text + " the process (exit status " + std::to_string(WEXITSTATUS(status)) + ")" +
               kRule};
}

}  // namespace peer
