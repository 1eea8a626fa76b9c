#include "tests/integration/cluster/redis_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "tests/support/free_port.h"

namespace peer::test {

RedisProcess::RedisProcess(std::string password, std::string address, std::uint16_t port)
    : password_(std::move(password)),
      address_(std::move(address)),
      port_(port == 0 ? free_port() : port) {
  launch();
}

RedisProcess::~RedisProcess() {
  if (pid_ > 0) kill();
}

void RedisProcess::launch() {
  const std::string output = dir_.path() / "redis.log";
  const std::string port = std::to_string(port_);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execl(PEER_REDIS_SERVER, "redis-server", "--port", port.c_str(), "--bind", address_.c_str(),
          "--save", "", "--appendonly", "no", "--dir", dir_.path().c_str(), "--requirepass",
          password_.c_str(), nullptr);
    _exit(127);
  }
  const Deadline deadline(20s);
  while (true) {
    try {
      client();
      return;
    } catch (const std::runtime_error&) {
      if (deadline.passed()) throw std::runtime_error("redis-server: " + read_file(output));
    }
    poll(nullptr, 0, 5);
  }
}

std::vector<std::string> RedisProcess::command(const std::vector<std::string>& arguments) {
  return client().command(arguments);
}

void RedisProcess::kill() {
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisProcess::signal(int number) { ::kill(pid_, number); }

}  // namespace peer::test
