#include "tests/support/server_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/support/signal_child.h"

namespace peer::test {
namespace {

std::vector<std::string> arguments_of(const ServerOptions& options, const TempDir& dir) {
  if (!options.program.empty()) {
    std::vector<std::string> arguments{options.program};
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    arguments.insert(arguments.end(), {"--port", "0", "--port-file", dir.path() / "port"});
    return arguments;
  }
  std::vector<std::string> arguments{options.server.empty() ? PEER_SERVER_BINARY : options.server};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  if (!options.config.empty()) {
    arguments.insert(arguments.end(), {"-config", dir.write(options.config_name, options.config)});
  }
  for (const char* setting : {"port=0", "host=127.0.0.1"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  for (const auto& setting : options.settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  arguments.insert(arguments.end(), {"--port-file", dir.path() / "port"});
  return arguments;
}

constexpr std::string_view kListenPid = "LISTEN_PID=";

std::vector<std::string> environment_of(const ServerOptions& options) {
  // The test's own come first: of two with one name, getenv() finds the first.
  std::vector<std::string> environment;
  for (const auto& [name, value] : options.environment) environment.push_back(name + "=" + value);
  if (std::getenv("PEER_TEST_IO_URING") != nullptr) environment.push_back("PEER_IO_URING=auto");
  if (!options.listen_fds.empty()) {
    environment.push_back("LISTEN_FDS=" + std::to_string(options.listen_fds.size()));
    environment.push_back(std::string(kListenPid) + std::string(20, '?'));
  }
  for (const char* name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name))
      environment.push_back(std::string(name) + "=" + value);
  }
  return environment;
}

std::vector<char*> pointers_of(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (auto& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Makes the descriptors 3, 4, ... and enters the process's number, for which there is room.
void pass_listen_fds(std::vector<int>& fds, char* const* environment) {
  constexpr int kOutOfTheWay = 100;
  for (int& fd : fds) fd = fcntl(fd, F_DUPFD_CLOEXEC, kOutOfTheWay);
  for (std::size_t i = 0; i < fds.size(); ++i) dup2(fds[i], 3 + static_cast<int>(i));
  for (; *environment != nullptr; ++environment) {
    char* const variable = *environment;
    if (std::string_view(variable) != std::string(kListenPid) + std::string(20, '?')) continue;
    std::sprintf(variable + kListenPid.size(), "%d", static_cast<int>(getpid()));
  }
}

[[noreturn]] void run_child(const ServerOptions& options, const TempDir& dir, const char* output,
                            char* const* arguments, char* const* environment) {
  const int file = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  std::vector<int> listen_fds = options.listen_fds;
  pass_listen_fds(listen_fds, environment);
  if (options.in_child) options.in_child(dir);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of the user ends it
  execve(arguments[0], arguments, environment);
  _exit(127);
}

/// Tells when files of a directory change.
class DirWatch {
 public:
  explicit DirWatch(const std::filesystem::path& dir)
      : fd_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (inotify_add_watch(fd_, dir.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_MODIFY) <
        0) {
      throw std::runtime_error("cannot watch " + dir.string());
    }
  }
  ~DirWatch() { close(fd_); }
  DirWatch(const DirWatch&) = delete;
  DirWatch& operator=(const DirWatch&) = delete;

  int fd() const { return fd_; }
  void drain() const {
    char events[4096];
    while (read(fd_, events, sizeof events) > 0) continue;
  }

 private:
  int fd_;
};

}  // namespace

ServerProcess::ServerProcess(const ServerOptions& options) {
  auto arguments = arguments_of(options, dir_);
  auto environment = environment_of(options);
  const auto argument_pointers = pointers_of(arguments);
  const auto environment_pointers = pointers_of(environment);
  const std::string output = dir_.path() / "output";
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    run_child(options, dir_, output.c_str(), argument_pointers.data(), environment_pointers.data());
  }
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

ServerProcess::~ServerProcess() {
  if (!exit_code_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(pidfd_);
}

void ServerProcess::wait_until_listening() {
  const DirWatch watch(dir_.path());
  const Deadline deadline(20s);
  while (true) {
    if (const auto port = read_port()) {
      port_ = *port;
      return;
    }
    pollfd fds[] = {{watch.fd(), POLLIN, 0}, {pidfd_, POLLIN, 0}};
    poll(fds, 2, deadline.milliseconds_left());
    if (fds[1].revents != 0) throw std::runtime_error("the server ended:\n" + output());
    if (deadline.passed()) throw std::runtime_error("the server does not listen:\n" + output());
    watch.drain();
  }
}

void ServerProcess::wait_for_output(std::string_view text, Deadline deadline) const {
  const DirWatch watch(dir_.path());
  while (output().find(text) == std::string::npos) {
    if (deadline.passed()) {
      ADD_FAILURE() << "no '" << text << "' in:\n" << output();
      return;
    }
    pollfd fd{watch.fd(), POLLIN, 0};
    poll(&fd, 1, deadline.milliseconds_left());
    watch.drain();
  }
}

std::uint16_t ServerProcess::metrics_port(std::string_view host) const {
  const std::string where = "metrics at http://" + std::string(host) + ":";
  wait_for_output(where);
  const std::string log = output();
  const auto found = log.find(where);
  if (found == std::string::npos) throw std::runtime_error("no metrics in:\n" + log);
  std::uint16_t port = 0;
  const char* const end = log.data() + log.size();
  const auto [behind, error] = std::from_chars(log.data() + found + where.size(), end, port);
  if (error != std::errc() || !std::string_view(behind, end).starts_with("/metrics")) {
    throw std::runtime_error("no port of metrics in:\n" + log);
  }
  return port;
}

std::optional<std::uint16_t> ServerProcess::read_port() const {
  const std::string text = read_file(dir_.path() / "port");
  if (text.empty() || text.back() != '\n') return std::nullopt;
  return static_cast<std::uint16_t>(std::stoul(text));
}

void ServerProcess::signal(int number) {
  if (!signal_child(pid_, number)) throw std::runtime_error("the server is gone:\n" + output());
}

std::optional<int> ServerProcess::wait_exit(Deadline deadline) {
  if (exit_code_) return exit_code_;
  pollfd fd{pidfd_, POLLIN, 0};
  if (poll(&fd, 1, deadline.milliseconds_left()) <= 0) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

std::size_t ServerProcess::resident_bytes() const {
  std::istringstream statm(read_file("/proc/" + std::to_string(pid_) + "/statm"));
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::chrono::nanoseconds ServerProcess::cpu_time() const {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    throw std::runtime_error("the server is gone:\n" + output());
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace peer::test
