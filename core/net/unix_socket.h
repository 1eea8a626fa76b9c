#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include <peer/sdk/result.h>

namespace peer {

/// Whom a file is given to; -1 leaves the user or the group as it is.
struct FileOwner {
  uid_t user = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
};

/// "user", "user:group" or ":group", by name or number; "" changes nothing. The error says what is
/// unknown. Main thread: reads the system's databases.
[[nodiscard]] sdk::Result<FileOwner> find_owner(const std::string& text);

/// A Unix socket that listens, with its file. Main thread only.
class UnixSocket {
 public:
  /// The longest path that the kernel takes.
  static constexpr std::size_t kLongestPath = 107;

  /// Binds and listens; the file has `mode` and `owner` before anybody can connect. A socket file
  /// on which nobody listens any more is replaced. Anything else at `path` is an error. `path` is
  /// absolute and at most kLongestPath bytes long. The folder is locked meanwhile (flock), for
  /// which this waits 2 s at most.
  [[nodiscard]] static sdk::Result<std::unique_ptr<UnixSocket>> listen(const std::string& path,
                                                                       mode_t mode,
                                                                       const FileOwner& owner);
  /// Removes the file, unless another process has put its own in this place.
  ~UnixSocket();
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  UnixSocket(std::string path, int fd, int file) : path_(std::move(path)), fd_(fd), file_(file) {}

  std::string path_;
  int fd_;
  int file_;  // O_PATH: while it is open, no other file gets this one's inode number
};

}  // namespace peer
