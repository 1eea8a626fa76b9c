#include "connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace peer_redis {
namespace {

constexpr std::size_t kKeepSent = std::size_t{4} << 20;  // then what was sent is released

}  // namespace

void Connection::open(const Address& address) {
  close();
  reader_ = std::make_unique<ReplyReader>();
  fd_ = socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail(std::strerror(errno));
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connecting_ = true;
  waiting_to_write_ = true;
  loop_.watch(fd_, EPOLLIN | EPOLLOUT, [this](std::uint32_t events) { handle(events); });
  const auto* to = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (connect(fd_, to, address.size) != 0 && errno != EINPROGRESS) fail(std::strerror(errno));
}

void Connection::close() {
  if (fd_ >= 0) {
    loop_.unwatch(fd_);
    ::close(fd_);
  }
  fd_ = -1;
  connecting_ = false;
  output_.clear();
  sent_ = 0;
}

void Connection::abort() {
  const linger at_once{1, 0};
  if (fd_ >= 0) setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Connection::fail(std::string_view why) {
  const std::string reason(why);
  abort();
  events_.closed(reason);
}

bool Connection::send(std::span<const std::string_view> arguments) {
  if (!is_open()) return false;
  append_command(output_, arguments);
  return true;
}

bool Connection::send_bytes(std::string_view bytes) {
  if (!is_open()) return false;
  output_.append(bytes);
  return true;
}

void Connection::flush() {
  if (fd_ < 0 || connecting_) return;
  while (sent_ < output_.size()) {
    const ssize_t count =
        ::send(fd_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) return fail(std::strerror(errno));
    if (count < 0) break;
    sent_ += static_cast<std::size_t>(count);
  }
  if (sent_ == output_.size() || sent_ > kKeepSent) {
    output_.erase(0, sent_);
    sent_ = 0;
  }
  const bool more = !output_.empty();
  if (more == waiting_to_write_) return;
  waiting_to_write_ = more;
  loop_.rewatch(fd_, more ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void Connection::handle(std::uint32_t events) {
  if (connecting_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(std::strerror(error));
    connecting_ = false;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
  flush();
}

void Connection::read() {
  char chunk[64 * 1024];
  const ssize_t count = recv(fd_, chunk, sizeof chunk, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) return fail(std::strerror(errno));
  if (count == 0) return fail("closed by Redis");
  if (!reader_->feed({chunk, static_cast<std::size_t>(count)})) return fail("a reply is too long");
  while (fd_ >= 0) {
    const ReplyReader::Owned reply = reader_->next();
    if (reader_->failed()) return fail("it does not speak the protocol of Redis");
    if (!reply) return;
    events_.reply(Reply(reply.get()));
  }
}

}  // namespace peer_redis
