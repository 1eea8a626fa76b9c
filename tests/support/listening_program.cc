#include "tests/support/listening_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "tests/support/tcp_stream.h"

namespace peer::test {

void ListeningProgram::start(const std::vector<std::string>& command, std::uint16_t port) {
  port_ = port;
  launch(command);
  wait_until_listening();
}

void ListeningProgram::launch(const std::vector<std::string>& command) {
  const std::string output = dir_.path() / "output";
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  execv(arguments[0], arguments.data());
  _exit(127);
}

void ListeningProgram::wait_until_listening() {
  const Deadline deadline(20s);
  while (true) {
    try {
      const TcpStream probe(port_);
      return;
    } catch (const std::runtime_error&) {
      if (deadline.passed() || waitpid(pid_, nullptr, WNOHANG) != 0) {
        throw std::runtime_error(output());
      }
      poll(nullptr, 0, 5);
    }
  }
}

ListeningProgram::~ListeningProgram() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

}  // namespace peer::test
