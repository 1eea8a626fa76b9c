#pragma once

#include <Poco/Message.h>

#include <string>
#include <utility>

#include <peer/sdk/result.h>

namespace peer {

/// The end of the log: a file, a device, or stderr. Written by one thread, which waits as long as
/// it takes; reopen() from another.
class LineFile final {
 public:
  /// Of one message, without the newline.
  using Format = std::string (*)(const Poco::Message& message);

  /// `path` is absolute; empty for stderr. /dev/stdout and /dev/stderr are the descriptors that the
  /// process was started with, whatever they are: pipes and sockets of a container's runtime, too.
  LineFile(std::string path, Format format) : path_(std::move(path)), format_(format) {}
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// Opens the file for appending, or opens it anew. On failure the old one stays.
  [[nodiscard]] sdk::Result<void> reopen();
  /// Appends one line. Returns 0, or the errno for which it is lost; the next one is tried again.
  int write(const Poco::Message& message);

 private:
  const std::string path_;
  const Format format_;
  int fd_ = 2;
  bool torn_ = false;  // the last line was lost in its middle
};

/// Whether a path stands for a descriptor that the process was started with.
[[nodiscard]] bool is_standard_stream(const std::string& path);

/// "2026-11-23T08:30:00.123Z Warning: words peer=... address=..."
[[nodiscard]] std::string text_line(const Poco::Message& message);
/// {"time":"2026-11-23T08:30:00.123Z","level":"warning","source":"peer","message":"words", ...}
[[nodiscard]] std::string json_line(const Poco::Message& message);

}  // namespace peer
