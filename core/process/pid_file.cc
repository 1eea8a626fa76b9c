#include "core/process/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/base/plain_file.h"

namespace peer {
namespace {

std::string holder_of(int fd) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  std::string id(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  id = id.substr(0, id.find_first_not_of("0123456789"));
  return id.empty() ? "another process" : "process " + id;
}

sdk::Error failed(const std::string& path) {
  return {"cannot write '" + path + "': " + std::generic_category().message(errno)};
}

}  // namespace

PidFile::~PidFile() {
  if (fd_ < 0) return;
  // Only the process that serves removes the file: the one in front of a daemon holds it, too.
  if (writer_ == ::getpid() && is_at_path()) ::unlink(path_.c_str());
  ::close(fd_);
}

PidFile::PidFile(PidFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), writer_(other.writer_) {}

bool PidFile::is_at_path() const {
  struct stat ours {};
  struct stat there {};
  return ::fstat(fd_, &ours) == 0 && ::stat(path_.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

sdk::Result<PidFile> PidFile::lock(const std::string& path) {
  for (;;) {
    const sdk::Result<int> opened =
        open_plain_file(path, O_RDWR | O_CREAT, Devices::kRefused, 0644);
    if (!opened) return opened.error();
    PidFile file(path, *opened);
    if (::flock(file.fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return failed(path);
      return sdk::Error{"'" + path + "' is held by " + holder_of(file.fd_) +
                        ", which runs: stop it first, or name another file"};
    }
    if (file.is_at_path()) return file;
    // Its last holder removed it between the two calls.
  }
}

sdk::Result<void> PidFile::write() {
  if (fd_ < 0) return {};
  writer_ = ::getpid();
  const std::string text = std::to_string(writer_) + '\n';
  const bool written = ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, text.data(), text.size(), 0) ==
                                                       static_cast<ssize_t>(text.size());
  return written ? sdk::Result<void>() : failed(path_);
}

}  // namespace peer
