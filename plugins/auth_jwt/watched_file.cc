#include "watched_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "key_set.h"

namespace peer_jwt {
namespace {

using peer::sdk::Error;
using peer::sdk::Result;

struct OpenFile {
  explicit OpenFile(int fd) : descriptor(fd) {}
  ~OpenFile() {
    if (descriptor >= 0) ::close(descriptor);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  const int descriptor;
};

}  // namespace

WatchedFile::Stamp WatchedFile::stamp_of(const struct ::stat& status) {
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, static_cast<std::uint64_t>(status.st_size),
          static_cast<std::uint64_t>(status.st_ino)};
}

Result<std::string> WatchedFile::read() {
  // O_NONBLOCK: a pipe in the file's place must not hold the server up.
  const OpenFile file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0) {
    return Error{std::strerror(errno)};
  }
  // Of the open file, not of the path: between two looks the file may have been replaced. Also
  // noted of a file that is refused, so that its fault is logged once.
  seen_ = stamp_of(status);
  if (!S_ISREG(status.st_mode)) return Error{"is no plain file"};
  if (static_cast<std::size_t>(status.st_size) > kMaxJwksSize) {
    return Error{"has more than 256 KiB"};
  }
  // The file may grow while it is read: the bound holds for what is read.
  std::string text(kMaxJwksSize, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{std::strerror(errno)};
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

bool WatchedFile::has_changed() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return false;
  return seen_ != stamp_of(status);
}

}  // namespace peer_jwt
