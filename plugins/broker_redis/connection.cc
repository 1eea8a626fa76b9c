#include "connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

// In: commands as bytes, and what comes from the network. Out: replies, one by one, and the end of
// the connection with a reason. Output is gathered in output_ and leaves at the end of the loop's
// round, in one send(). With TLS it takes a second step: a piece of output_ is encrypted into wire_
// as soon as wire_ is empty, so that what waits is bounded in one place.
namespace peer_redis {
namespace {

constexpr std::size_t kKeepSent = std::size_t{4} << 20;  // then what was sent is released
constexpr std::size_t kEncryptedAtOnce = std::size_t{64} << 10;

void release_sent(std::string& bytes, std::size_t& sent) {
  // Moving the rest to the front costs time in its length: it is done when nothing is left, or
  // seldom.
  if (sent != bytes.size() && sent <= kKeepSent) return;
  bytes.erase(0, sent);
  sent = 0;
}

}  // namespace

void Connection::open(const Address& address, const TlsOptions* tls, const std::string& host) {
  close();
  if (tls != nullptr) tls_ = std::make_unique<TlsClient>(*tls, host);
  reader_ = std::make_unique<ReplyReader>();
  fd_ = socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail(std::strerror(errno));
  const int on = 1;
  // It fails on a Unix socket, which needs none.
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
  tls_.reset();
  wire_.clear();
  wire_sent_ = 0;
}

void Connection::abort() {
  // A reset instead of an orderly end: the kernel drops what it has not sent yet. After an outage
  // that would reach Redis behind the resync, and nothing would take it back.
  const linger at_once{1, 0};
  if (fd_ >= 0) setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Connection::fail(std::string_view why) {
  // A copy: `why` may be a view of something that abort() destroys.
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
  has_news_ = false;
  if (fd_ < 0 || connecting_) return;
  do {
    if (tls_ && !encrypt()) return fail(tls_->failure());
    if (!(tls_ ? write(wire_, wire_sent_) : write(output_, sent_))) return;
  } while (tls_ && tls_->is_ready() && wire_.empty() && !output_.empty());
  const bool more = tls_ ? !wire_.empty() : !output_.empty();
  // EPOLLOUT is wanted only while something waits, or epoll would wake the loop all the time.
  if (more == waiting_to_write_) return;
  waiting_to_write_ = more;
  loop_.rewatch(fd_, more ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

// A piece, and only once the one before it is with the kernel: output_ alone is bounded.
bool Connection::encrypt() {
  if (!tls_->failure().empty()) return false;
  const std::size_t size = std::min(output_.size() - sent_, kEncryptedAtOnce);
  if (size > 0 && wire_.empty() && tls_->is_ready()) {
    if (!tls_->send(std::string_view(output_).substr(sent_, size))) return false;
    sent_ += size;
    release_sent(output_, sent_);
  }
  tls_->take_wire(wire_);
  return true;
}

/// As much as the kernel takes. False: failed.
bool Connection::write(std::string& bytes, std::size_t& sent) {
  while (sent < bytes.size()) {
    const ssize_t count =
        ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) {
      fail(std::strerror(errno));
      return false;
    }
    if (count < 0) break;
    sent += static_cast<std::size_t>(count);
  }
  release_sent(bytes, sent);
  return true;
}

void Connection::handle(std::uint32_t events) {
  has_news_ = true;
  if (connecting_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(std::strerror(error));
    connecting_ = false;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
}

void Connection::read() {
  char chunk[64 * 1024];
  const ssize_t count = recv(fd_, chunk, sizeof chunk, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) return fail(std::strerror(errno));
  if (count == 0) return fail("closed by Redis");
  const std::string_view bytes(chunk, static_cast<std::size_t>(count));
  if (!tls_) return take(bytes);
  std::string plain;
  const bool good = tls_->receive(bytes, plain);
  if (!plain.empty()) take(plain);
  if (!good && tls_) fail(std::string(tls_->failure()));
}

void Connection::take(std::string_view bytes) {
  if (!reader_->feed(bytes)) return fail("a reply is too long");
  // A callback may close the connection.
  while (fd_ >= 0) {
    const ReplyReader::Owned reply = reader_->next();
    if (reader_->failed()) return fail("it does not speak the protocol of Redis");
    if (!reply) return;
    events_.reply(Reply(reply.get()));
  }
}

}  // namespace peer_redis
