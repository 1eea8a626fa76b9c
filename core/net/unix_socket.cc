#include "core/net/unix_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "core/net/listener.h"

// A Unix socket with its file, on the main thread. In: a path, a mode, an owner. Out: a socket that
// listens, or an error that says what stands in its way; at the end the file is removed.
//
// Two servers may use one path one after the other, so the order matters. Each server locks the
// folder, finds out whether somebody listens, and binds. It locks the folder again to remove the
// file, and only if it is its own. Nobody can connect to a file before listen(), which comes when
// its mode and owner are set.
namespace peer {
namespace {

std::string reason() { return std::generic_category().message(errno); }

/// Closes a descriptor that is not released before.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// The folder of `path`, locked until the descriptor is closed; -1 with errno. Others hold this
/// lock for moments only.
int lock_folder(const std::string& path) {
  constexpr int kTries = 200;
  constexpr int kPauseMs = 10;
  const std::string folder = std::filesystem::path(path).parent_path();
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return -1;
  for (int i = 0; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK || i == kTries) return -1;
    ::poll(nullptr, 0, kPauseMs);
  }
  return fd.release();
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

int make_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

/// Removes the socket file of a server that is gone. The error says what else is at `path`.
sdk::Result<void> make_room(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? sdk::Result<void>() : sdk::Error{reason()};
  }
  if (!S_ISSOCK(status.st_mode)) {
    return sdk::Error{"it is there and no socket; remove it or choose another path"};
  }
  const sockaddr_un address = address_of(path);
  const Descriptor probe(make_socket());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(probe.get(), generic, sizeof address) == 0 || errno == EAGAIN) {
    return sdk::Error{"another process listens on it; end that one or choose another path"};
  }
  if (errno != ECONNREFUSED) {
    return sdk::Error{"there is a socket that cannot be asked whether somebody listens on it: " +
                      reason()};
  }
  if (::unlink(path.c_str()) == 0) return {};
  return sdk::Error{"cannot remove the socket of a server that is gone: " + reason()};
}

/// Makes the file with exactly this mode.
bool bind_with_mode(int fd, const std::string& path, mode_t mode) {
  const sockaddr_un address = address_of(path);
  // The umask is the whole process's, so it is put back at once.
  const mode_t before = ::umask(~mode & 0777);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  ::umask(before);
  errno = error;
  return bound;
}

/// Whether `file` is what stands at `path`.
bool is_at(int file, const std::string& path) {
  struct stat ours {};
  struct stat there {};
  return ::fstat(file, &ours) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

std::optional<unsigned> as_number(const std::string& text) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}

}  // namespace

sdk::Result<FileOwner> find_owner(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string user = text.substr(0, colon);
  const std::string group = colon == std::string::npos ? "" : text.substr(colon + 1);
  FileOwner owner;
  if (const auto number = as_number(user)) {
    owner.user = *number;
  } else if (!user.empty()) {
    const passwd* const entry = ::getpwnam(user.c_str());
    if (entry == nullptr) return sdk::Error{"there is no user '" + user + "'"};
    owner.user = entry->pw_uid;
  }
  if (const auto number = as_number(group)) {
    owner.group = *number;
  } else if (!group.empty()) {
    const ::group* const entry = ::getgrnam(group.c_str());
    if (entry == nullptr) return sdk::Error{"there is no group '" + group + "'"};
    owner.group = entry->gr_gid;
  }
  return owner;
}

sdk::Result<std::unique_ptr<UnixSocket>> UnixSocket::listen(const std::string& path, mode_t mode,
                                                            const FileOwner& owner) {
  const auto fails = [&](const std::string& what) {
    return sdk::Error{"cannot listen on the unix_socket '" + path + "': " + what};
  };
  const Descriptor folder(lock_folder(path));
  if (folder.get() < 0) return fails("its folder cannot be opened and locked: " + reason());
  if (const auto free = make_room(path); !free) return fails(free.error().message);
  Descriptor fd(make_socket());
  if (fd.get() < 0 || !bind_with_mode(fd.get(), path, mode)) return fails(reason());
  const int file = ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  // From here on the destructor removes the file.
  std::unique_ptr<UnixSocket> result(new UnixSocket(path, fd.release(), file));
  if (file < 0) return fails(reason());
  if (::fchownat(AT_FDCWD, path.c_str(), owner.user, owner.group, AT_SYMLINK_NOFOLLOW) != 0) {
    return fails("it cannot be given to unix_socket_owner: " + reason());
  }
  if (::listen(result->fd(), kListenBacklog) != 0) return fails(reason());
  return result;
}

UnixSocket::~UnixSocket() {
  {
    // Without the lock the file stays: the next server replaces it.
    const Descriptor folder(lock_folder(path_));
    if (folder.get() >= 0 && is_at(file_, path_)) ::unlink(path_.c_str());
  }
  if (file_ >= 0) ::close(file_);
  ::close(fd_);
}

}  // namespace peer
