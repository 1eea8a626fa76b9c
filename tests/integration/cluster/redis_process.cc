#include "tests/integration/cluster/redis_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include "tests/support/free_port.h"
#include "tests/support/signal_child.h"

namespace peer::test {

RedisProcess::RedisProcess(std::string password, std::string address, std::uint16_t port)
    : password_(std::move(password)),
      address_(std::move(address)),
      port_(port == 0 ? free_port() : port),
      arguments_{"--save", "", "--appendonly", "no", "--requirepass", password_} {
  launch();
}

RedisProcess::RedisProcess(std::vector<std::string> arguments, std::uint16_t port)
    : address_("127.0.0.1"),
      port_(port == 0 ? free_port() : port),
      arguments_(std::move(arguments)) {
  const auto option = std::find(arguments_.begin(), arguments_.end(), "--requirepass");
  if (option != arguments_.end()) password_ = *(option + 1);
  launch();
}

RedisProcess::~RedisProcess() {
  if (pid_ > 0) kill();
}

void RedisProcess::launch() {
  const std::string output = dir_.path() / "redis.log";
  const bool has_file = !arguments_.empty() && !arguments_[0].starts_with('-');
  std::vector<std::string> words{"redis-server"};
  if (has_file) words.push_back(arguments_[0]);
  words.insert(words.end(), {"--port", std::to_string(port_), "--bind", address_, "--dir",
                             dir_.path().string()});
  words.insert(words.end(), arguments_.begin() + (has_file ? 1 : 0), arguments_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execv(PEER_REDIS_SERVER, argv.data());
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

void RedisProcess::signal(int number) { signal_child(pid_, number); }

}  // namespace peer::test
