#pragma once

#include <Poco/Channel.h>
#include <Poco/Message.h>

#include <string>

#include <peer/sdk/result.h>

namespace peer {

/// The end of the log: a file, or stderr. Written by one thread; reopen() from another.
/// A line that cannot be written (a full disk) is lost, and the next one is tried again.
class LineFile final : public Poco::Channel {
 public:
  /// Of one message, without the newline.
  using Format = std::string (*)(const Poco::Message& message);

  /// `path` is absolute; empty for stderr.
  LineFile(std::string path, Format format) : path_(std::move(path)), format_(format) {}
  ~LineFile() override;

  /// Opens the file for appending, or opens it anew. On failure the old one stays.
  [[nodiscard]] sdk::Result<void> reopen();
  void log(const Poco::Message& message) override;

 private:
  const std::string path_;
  const Format format_;
  int fd_ = 2;
};

/// "2026-11-23T08:30:00.123Z Warning: words peer=... address=..."
[[nodiscard]] std::string text_line(const Poco::Message& message);
/// {"time":"2026-11-23T08:30:00.123Z","level":"warning","source":"peer","message":"words", ...}
[[nodiscard]] std::string json_line(const Poco::Message& message);

}  // namespace peer
