#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include <peer/sdk/result.h>

namespace peer_jwt {

/// A file that may be replaced while the server runs. It blocks; one thread. Nothing watches it but
/// calls of has_changed(): one stat() each.
class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Reads it whole. An error, without the path: there is none, it is no plain file, or it has more
  /// than 256 KiB.
  [[nodiscard]] peer::sdk::Result<std::string> read();
  /// Whether it is another than the one that read() has seen last: by time, size or inode. A file
  /// that is not there is no change: it is being replaced, or the old content goes on.
  [[nodiscard]] bool has_changed() const;

 private:
  /// What tells one version of a file from another.
  struct Stamp {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::uint64_t size = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  static Stamp stamp_of(const struct ::stat& status);

  std::string path_;
  /// Nullopt: it has never been read, so any file is a change.
  std::optional<Stamp> seen_;
};

}  // namespace peer_jwt
