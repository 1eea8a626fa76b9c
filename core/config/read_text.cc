#include "core/config/read_text.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/base/time.h"

namespace peer {
namespace {

constexpr milliseconds kLongestWait{10'000};

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

/// Waits until a pipe has more to say or, behind its first byte, has ended. False when it ends
/// without a byte, or nothing comes until the deadline.
bool wait_for_writer(int fd, bool has_begun, Time deadline) {
  const milliseconds left = std::max(deadline - steady_now(), milliseconds(0));
  pollfd readable{fd, POLLIN, 0};
  return ::poll(&readable, 1, static_cast<int>(left.count())) == 1 &&
         (readable.revents & (has_begun ? POLLIN | POLLHUP : POLLIN)) != 0;
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

ConfigTree read_text(std::string_view text, std::string_view name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.size() > kMaxConfigSize) return SyntaxError{1, "larger than 1 MiB"};
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return ConfigNode{};
  return name.ends_with(".json") || text[first] == '{' ? read_json(text) : read_yaml(text);
}

sdk::Result<std::string> read_file(const std::string& path, std::size_t max_size, Pipes pipes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0) {
    return sdk::Error{"cannot be opened: " + reason(errno)};
  }
  if (S_ISDIR(status.st_mode)) return sdk::Error{"expected a file, got a directory"};
  if (S_ISFIFO(status.st_mode) && pipes == Pipes::kRefused) {
    return sdk::Error{"expected a file, got a pipe, which cannot be read again"};
  }
  const Time deadline = steady_now() + kLongestWait;
  // One byte more than allowed: so a file that is too large is seen without trusting its size,
  // which a pipe has not, and which may change.
  const std::size_t most = max_size + 1;
  const auto told = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  std::string content(std::min(most, std::max<std::size_t>(told + 1, 4096)), '\0');
  std::size_t size = 0;
  while (size < most) {
    if (size == content.size()) content.resize(std::min(most, 2 * size));
    const ssize_t got = ::read(file.fd, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    const bool unwritten = got == 0 && size == 0 && S_ISFIFO(status.st_mode);
    if (unwritten || (got < 0 && errno == EAGAIN)) {
      if (!wait_for_writer(file.fd, size > 0, deadline))
        return sdk::Error{"nobody writes to this pipe"};
      continue;
    }
    if (got < 0) return sdk::Error{"cannot be read: " + reason(errno)};
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  if (content.size() > max_size) {
    return sdk::Error{"larger than " + std::to_string(max_size / 1024) + " KiB"};
  }
  return content;
}

}  // namespace peer
