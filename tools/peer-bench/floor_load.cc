#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "tools/peer-bench/floor.h"
#include "tools/peer-bench/throw_errno.h"

// The load of the echo process, on one thread. In: bytes that come back. Out: units, and the next
// burst at the end of the round. All messages have one length, so bytes are counted and no message
// is looked at. Any error ends the run, which would be compared with nothing.
namespace peer::bench {
namespace {

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw_errno("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("floor: connect");
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

}  // namespace

FloorLoad::FloorLoad(std::uint16_t port, const Shape& shape)
    : shape_(shape),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      links_(shape.connections),
      outgoing_(shape.message_bytes * shape.in_flight, 'x'),
      buffer_(std::size_t{256} * 1024) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    links_[i].fd = connect_to(port);
    links_[i].may_send = shape.in_flight;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, links_[i].fd, &event) != 0) throw_errno("epoll_ctl");
  }
}

FloorLoad::~FloorLoad() {
  for (const Link& link : links_) {
    if (link.fd >= 0) ::close(link.fd);
  }
  ::close(epoll_);
}

void FloorLoad::resume() {
  running_ = true;
  for (Link& link : links_) {
    if (link.may_send > 0) send(link);
  }
}

void FloorLoad::send(Link& link) {
  const std::size_t bytes = shape_.message_bytes * link.may_send;
  link.sent_at = Clock::now();
  // The socket blocks: the echo process reads whatever comes, so this does not wait for long.
  const ssize_t sent = ::send(link.fd, outgoing_.data(), bytes, MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(bytes)) throw_errno("floor: send");
  in_flight_ += link.may_send;
  link.may_send = 0;
}

void FloorLoad::read(Link& link) {
  const ssize_t got = ::recv(link.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got < 0) throw_errno("floor: recv");
  if (got == 0) throw std::runtime_error("the floor's echo process has ended");
  const Instant now = Clock::now();
  // Only the first read of a round finds nothing to send: so a link is in the list once.
  if (link.may_send == 0) dirty_.push_back(&link);
  for (link.received += static_cast<std::size_t>(got); link.received >= shape_.message_bytes;
       link.received -= shape_.message_bytes) {
    ++link.may_send;
    --in_flight_;
    count_unit(now - link.sent_at);
  }
}

void FloorLoad::step_within(std::chrono::milliseconds longest) {
  std::array<epoll_event, 64> ready;
  const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                                 static_cast<int>(longest.count()));
  for (int i = 0; i < count; ++i) read(links_[ready[static_cast<std::size_t>(i)].data.u64]);
  for (Link* link : dirty_) {
    if (running_ && link->may_send > 0) send(*link);
  }
  dirty_.clear();
}

}  // namespace peer::bench
