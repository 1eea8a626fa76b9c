#include "core/process/background.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <system_error>

namespace peer {
namespace {

// The read ends without a byte when every descriptor of the other end is closed: when the daemon
// has died.
[[noreturn]] void wait_for_report(int fd) {
  unsigned char exit_code = EXIT_FAILURE;
  ssize_t size = 0;
  do {
    size = ::read(fd, &exit_code, 1);
  } while (size < 0 && errno == EINTR);
  if (exit_code != EXIT_SUCCESS) std::cerr << "peer-server: not started; log_file says why\n";
  ::_exit(exit_code);
}

}  // namespace

Foreground::Foreground(bool background) {
  if (!background) return;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child > 0) {
    ::close(ends[1]);
    wait_for_report(ends[0]);
  }
  ::close(ends[0]);
  fd_ = ends[1];
}

Foreground::~Foreground() {
  if (fd_ >= 0) ::close(fd_);
}

void Foreground::report(int exit_code) {
  if (fd_ < 0) return;
  const auto byte = static_cast<unsigned char>(exit_code);
  [[maybe_unused]] const ssize_t written = ::write(fd_, &byte, 1);
  ::close(fd_);
  fd_ = -1;
}

}  // namespace peer
