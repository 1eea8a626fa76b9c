#include "core/process.h"

#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <system_error>

namespace peer {

int report_mistakes(const std::vector<std::string>& mistakes) {
  for (const std::string& mistake : mistakes) std::cerr << "peer-server: " << mistake << '\n';
  return kExitConfig;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

ProcessEvents::ProcessEvents() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signal_fd_ = ::signalfd(-1, &signals, SFD_CLOEXEC);
  done_fd_ = ::eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || done_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
}

ProcessEvents::~ProcessEvents() {
  ::close(signal_fd_);
  ::close(done_fd_);
}

ProcessEvents::Event ProcessEvents::wait(std::chrono::milliseconds timeout) {
  std::array<pollfd, 2> fds{{{signal_fd_, POLLIN, 0}, {done_fd_, POLLIN, 0}}};
  int ready = 0;
  do {
    ready = ::poll(fds.data(), fds.size(), static_cast<int>(timeout.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return Event::kTimeout;
  if ((fds[0].revents & POLLIN) == 0) return Event::kLoopsEnded;
  signalfd_siginfo info{};
  [[maybe_unused]] const ssize_t size = ::read(signal_fd_, &info, sizeof info);
  switch (info.ssi_signo) {
    case SIGHUP:
      return Event::kHangup;
    case SIGUSR1:
      return Event::kReopenLog;
    default:
      return Event::kStopRequested;
  }
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

void keep_freed_memory() { ::mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024); }

sdk::Result<void> write_port_file(const std::string& file, std::uint16_t port) {
  const std::string temporary = file + ".new";
  std::ofstream out(temporary, std::ios::trunc);
  out << port << '\n';
  out.close();
  if (!out || std::rename(temporary.c_str(), file.c_str()) != 0) {
    return sdk::Error{"cannot write the port file '" + file +
                      "': " + std::generic_category().message(errno)};
  }
  return {};
}

std::uint16_t read_port_file(const std::string& file) {
  std::uint16_t port = 0;
  std::ifstream(file) >> port;
  return port;
}

}  // namespace peer
