#pragma once

#include <sys/types.h>

#include <string>

#include <peer/sdk/result.h>

namespace peer {

/// The file that names a running server (--pidfile). It is locked (flock) as long as the process
/// lives, however that ends: a second start meets the lock, and a file that a killed process has
/// left does not count. Main thread only.
class PidFile {
 public:
  PidFile() = default;
  /// Removes the file if it is still the one that this process has written to.
  ~PidFile();
  PidFile(PidFile&& other) noexcept;
  PidFile& operator=(PidFile&&) = delete;

  /// Makes or takes over the file and locks it: children of this process hold the lock, too.
  /// `path` is absolute. The error says which process has the lock, if another one has.
  [[nodiscard]] static sdk::Result<PidFile> lock(const std::string& path);
  /// Writes the id of this process, once it is the one that serves.
  [[nodiscard]] sdk::Result<void> write();

 private:
  PidFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  [[nodiscard]] bool is_at_path() const;

  std::string path_;
  int fd_ = -1;        // -1: no file
  pid_t writer_ = -1;  // the process that write() was called in
};

}  // namespace peer
