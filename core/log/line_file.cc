#include "core/log/line_file.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/UTF8Encoding.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "core/base/plain_file.h"

// The lines of the log as bytes. In: POCO's messages, on the one thread that writes
// (LineQueue::run). Out: one line for each, as text or JSON, to a file, a device or stderr; or the
// errno for which it is lost. A message stays one line whatever is in it: control characters and
// bytes that are no UTF-8 are escaped, so that nobody can forge a line. reopen() comes from the
// main thread: it puts another file behind the same descriptor, and the writer takes no notice.
namespace peer {
namespace {

/// LogFields: POCO's messages do not tell which they have.
constexpr std::array kFields{"peer", "address", "token", "target"};

constexpr std::string_view kStandardOutput = "/dev/stdout";
constexpr std::string_view kStandardError = "/dev/stderr";

struct LevelName {
  const char* text;
  const char* json;  // as the values of log_level
};

LevelName level_of(const Poco::Message& message) {
  static constexpr std::array<LevelName, 9> kNames{{{"", ""},
                                                    {"Fatal", "fatal"},
                                                    {"Critical", "critical"},
                                                    {"Error", "error"},
                                                    {"Warning", "warning"},
                                                    {"Notice", "notice"},
                                                    {"Information", "information"},
                                                    {"Debug", "debug"},
                                                    {"Trace", "trace"}}};
  return kNames[static_cast<std::size_t>(message.getPriority())];
}

std::string time_of(const Poco::Message& message) {
  return Poco::DateTimeFormatter::format(message.getTime(), "%Y-%m-%dT%H:%M:%S.%iZ");
}

/// The length of the UTF-8 character at the start of `text`; 0 for what is none, or a control.
std::size_t printable_length(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (*bytes < 0x80) return *bytes < 0x20 || *bytes == 0x7F ? 0 : 1;
  const int length = *bytes >= 0xF0 ? 4 : *bytes >= 0xE0 ? 3 : 2;
  const bool whole = text.size() >= static_cast<std::size_t>(length);
  return whole && Poco::UTF8Encoding::isLegal(bytes, length) ? static_cast<std::size_t>(length) : 0;
}

/// Appends `text` with what could end or forge a line as \x0a, or in JSON as \u000a.
void append_clean(std::string& line, std::string_view text, bool json) {
  constexpr std::string_view kHex = "0123456789abcdef";
  while (!text.empty()) {
    const std::size_t length = printable_length(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (length == 0) {
      line.append(json ? "\\u00" : "\\x").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      if (json && (byte == '"' || byte == '\\')) line += '\\';
      line.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void append_member(std::string& line, std::string_view name, std::string_view value) {
  line.append(line.empty() ? "{\"" : ",\"").append(name).append("\":\"");
  append_clean(line, value, true);
  line += '"';
}

sdk::Result<int> open_log(const std::string& path) {
  if (!is_standard_stream(path)) {
    return open_plain_file(path, O_WRONLY | O_CREAT | O_APPEND, Devices::kTaken, 0640);
  }
  const int fd = ::fcntl(path == kStandardOutput ? 1 : 2, F_DUPFD_CLOEXEC, 3);
  if (fd >= 0) return fd;
  return sdk::Error{"cannot open '" + path + "': " + std::generic_category().message(errno)};
}

/// For a stderr that another process has made non-blocking: the flag belongs to the open file,
/// which several processes may share.
bool wait_until_writable(int fd) {
  pollfd writable{fd, POLLOUT, 0};
  return ::poll(&writable, 1, -1) == 1 || errno == EINTR;
}

}  // namespace

bool is_standard_stream(const std::string& path) {
  return path == kStandardOutput || path == kStandardError;
}

std::string text_line(const Poco::Message& message) {
  std::string line = time_of(message) + ' ' + level_of(message).text + ": ";
  append_clean(line, message.getText(), false);
  for (const char* name : kFields) {
    if (!message.has(name)) continue;
    line.append(1, ' ').append(name).append(1, '=');
    append_clean(line, message.get(name), false);
  }
  return line;
}

std::string json_line(const Poco::Message& message) {
  std::string line;
  append_member(line, "time", time_of(message));
  append_member(line, "level", level_of(message).json);
  append_member(line, "source", message.getSource());
  append_member(line, "message", message.getText());
  for (const char* name : kFields) {
    if (message.has(name)) append_member(line, name, message.get(name));
  }
  return line + '}';
}

LineFile::~LineFile() {
  if (!path_.empty() && fd_ != 2) ::close(fd_);
}

sdk::Result<void> LineFile::reopen() {
  if (path_.empty()) return {};
  const sdk::Result<int> opened = open_log(path_);
  if (!opened) return sdk::Error{"log_file: " + opened.error().message};
  const int fd = *opened;
  // The first time, before the thread that writes has started: it reads fd_ without a lock.
  if (fd_ == 2) {
    fd_ = fd;
    return {};
  }
  // In one step for the thread that writes.
  const bool replaced = ::dup3(fd, fd_, O_CLOEXEC) >= 0;
  const int error = errno;
  ::close(fd);
  if (replaced) return {};
  return sdk::Error{"log_file: " + std::generic_category().message(error)};
}

int LineFile::write(const Poco::Message& message) {
  // A line that was lost in its middle ends here, not within the next one.
  const std::string line = (torn_ ? "\n" : "") + format_(message) + '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN && wait_until_writable(fd_)) continue;
    if (written <= 0) {
      const int error = written < 0 ? errno : ENOSPC;
      torn_ = torn_ || rest.size() < line.size();
      return error;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  torn_ = false;
  return 0;
}

}  // namespace peer
