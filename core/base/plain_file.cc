#include "core/base/plain_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace peer {
namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

std::string judge(const std::string& path, mode_t mode, Devices devices) {
  if (S_ISREG(mode) || (S_ISCHR(mode) && devices == Devices::kTaken)) return {};
  return "'" + path + "' is " + kind_of(mode) + "; expected a file";
}

sdk::Error cannot_open(const std::string& path, int error) {
  return {"cannot open '" + path + "': " + std::generic_category().message(error)};
}

}  // namespace

std::string wrong_kind_of_file(const std::string& path, Devices devices) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? judge(path, status.st_mode, devices) : "";
}

sdk::Result<int> open_plain_file(const std::string& path, int flags, Devices devices, mode_t mode) {
  // O_NONBLOCK: a pipe is opened without waiting for its other end, and refused below.
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
  if (fd < 0) {
    const int error = errno;  // ENXIO of a pipe without a reader says nothing to an operator
    const std::string wrong = wrong_kind_of_file(path, devices);
    return wrong.empty() ? cannot_open(path, error) : sdk::Error{wrong};
  }
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  const std::string wrong = known ? judge(path, status.st_mode, devices) : "";
  if (!known || !wrong.empty()) {
    const int error = errno;
    ::close(fd);
    return known ? sdk::Error{wrong} : cannot_open(path, error);
  }
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

}  // namespace peer
