#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <system_error>

#include "core/net/epoll_events.h"
#include "core/net/event_loop.h"
#include "core/net/packed_ref.h"
#include "core/net/proxy_protocol.h"

// How connections come into a loop: from its listening sockets, past the limits by address, into a
// slot. A connection beyond a limit may have a place of the reserve for health checks; one that
// comes when no descriptor is left takes a spare one. On the loop's thread.
namespace peer {
namespace {

constexpr int kAcceptsPerRound = 64;
// Of a queue that loops share, few: the others get their part of a burst.
constexpr int kSharedAcceptsPerRound = 4;
constexpr milliseconds kAcceptPause{100};
constexpr std::size_t kSpares = 4;

}  // namespace

void EventLoop::listen(const ListenSocket& socket) {
  assert(listeners_.size() < kMostListeners);
  listeners_.push_back(socket);
  if (!watch_listener(listeners_.back())) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

// epoll forgets a socket when its last descriptor is closed: that of another loop may be open.
void EventLoop::stop_listening() {
  for (const ListenSocket& listener : listeners_) {
    unwatch_listener(listener);
    ::close(listener.fd);
  }
  listeners_.clear();
}

void EventLoop::accept_some(const ListenSocket& listener) {
  const int most = listener.shared ? kSharedAcceptsPerRound : kAcceptsPerRound;
  for (int i = 0; i < most && accept_one(listener); ++i) continue;
  // Of the loops that wait for a shared socket the kernel wakes the one that began first. This one
  // goes to the end of that line: connections that stay for hours would all be its own otherwise.
  if (listener.shared) {
    unwatch_listener(listener);
    if (!watch_listener(listener)) pause_accepting();
  }
}

bool EventLoop::accept_one(const ListenSocket& listener) {
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const int fd = ::accept4(listener.fd, reinterpret_cast<sockaddr*>(&from), &length,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    take_in(fd, address_of(from), listener);
    return true;
  }
  if (errno == EINTR || errno == ECONNABORTED) return true;
  if (errno == EMFILE || errno == ENFILE) {
    shed_connection(listener);
  } else if (errno == ENOBUFS || errno == ENOMEM) {
    pause_accepting();
  }
  return false;
}

// Out of descriptors: a connection left in the backlog would wake the loop for ever, so one of the
// descriptors kept aside takes it in. The last of them only to turn it away; the others for health
// checks, which are answered even now.
void EventLoop::shed_connection(const ListenSocket& listener) {
  if (!spares_.empty()) {
    ::close(spares_.back());
    spares_.pop_back();
  }
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const int fd = ::accept4(listener.fd, reinterpret_cast<sockaddr*>(&from), &length,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0 && admission_ != nullptr && !spares_.empty()) {
    return take_into_reserve(fd, address_of(from), listener, Refusal::kDescriptors);
  }
  if (fd >= 0) ::close(fd);
  keep_spares();
  if (fd >= 0) {
    stats_.shed.fetch_add(1, std::memory_order_relaxed);
    if (admission_ != nullptr) {
      admission_->note_refused(Refusal::kDescriptors, address_of(from), now_);
    }
  }
  // Another loop was quicker to take the descriptor that was set free.
  if (fd < 0 || spares_.empty()) pause_accepting();
}

// As many as there are to have. At the end of a round: what the round has closed goes to the spares
// first.
void EventLoop::keep_spares() {
  while (spares_.size() < kSpares) {
    const int fd = ::fcntl(wake_fd_, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return;
    spares_.push_back(fd);
  }
}

// The backlogs are left alone for a while: they cannot be emptied, and would wake the loop for
// ever.
void EventLoop::pause_accepting() {
  for (const ListenSocket& listener : listeners_) unwatch_listener(listener);
  schedule("accept", now_ + kAcceptPause, [this] { resume_accepting(); });
}

void EventLoop::resume_accepting() {
  for (const ListenSocket& listener : listeners_) {
    if (!watch_listener(listener)) return pause_accepting();
  }
}

bool EventLoop::watch_listener(const ListenSocket& listener) {
  const auto number = static_cast<std::size_t>(&listener - listeners_.data());
  // Exclusive: one loop is woken for a connection, not all.
  const std::uint32_t events = listener.shared ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
  return watch(epoll_fd_, listener.fd, events, kListenEvent + number) || errno == EEXIST;
}

void EventLoop::unwatch_listener(const ListenSocket& listener) {
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, listener.fd, nullptr);
}

void EventLoop::take_in(int fd, const Address& address, const ListenSocket& listener) {
  const bool judged = admission_ != nullptr && !admission_->is_proxy(address);
  if (judged && listener.proxy_protocol && !address.is_loopback()) {
    admission_->refusals().note(Refusal::kProxyProtocol, address, kUnknownProxy, now_);
    ::close(fd);
    return;
  }
  const Refusal refusal = judged ? admission_->enter({address, false}, now_) : Refusal::kNone;
  if (refusal != Refusal::kNone) return take_into_reserve(fd, address, listener, refusal);
  if (adopt(fd, address, listener, judged) != nullptr) return;
  if (judged) admission_->leave(address, false);
  ::close(fd);
}

void EventLoop::take_into_reserve(int fd, const Address& address, const ListenSocket& listener,
                                  Refusal refusal) {
  HealthReserve& reserve = admission_->reserve();
  if (reserve.enter(tls_ != nullptr, now_)) {
    Connection* connection = adopt(fd, address, listener, false);
    if (connection != nullptr) return connection->enter_reserve(refusal);
    reserve.leave();
  }
  admission_->note_refused(refusal, address, now_);
  ::close(fd);
}

// The name that the next connection will have.
ConnectionRef EventLoop::next_ref() {
  if (free_slots_.empty()) {
    // Whichever of these finds no memory: no slot is free before all have room for it.
    const std::size_t slot = connections_.size();
    deadlines_.resize(slot + 1, kNever);
    generations_.resize(slot + 1, 0);
    connections_.emplace_back();
    free_slots_.push_back(static_cast<std::uint32_t>(slot));
  }
  ConnectionRef ref;
  ref.slot = free_slots_.back() & 0xffffff;
  ref.loop = index_;
  ref.generation = generations_[free_slots_.back()];
  return ref;
}

Connection* EventLoop::adopt(int fd, const Address& address, const ListenSocket& listener,
                             bool admitted) {
  const ConnectionRef ref = next_ref();
  const std::uint32_t slot = ref.slot;
  if (!watch(epoll_fd_, fd, EPOLLIN, packed(ref))) return nullptr;
  const TlsContext* tls = address.is_unix_socket() ? nullptr : tls_.get();
  connections_[slot] = std::make_unique<Connection>(*this, fd, ref, address, tls);
  connections_[slot]->admitted_ = admitted;
  if (listener.proxy_protocol) connections_[slot]->expect_proxy_header();
  free_slots_.pop_back();
  connections_[slot]->interest_ = EPOLLIN;
  update_deadline(*connections_[slot]);
  stats_.accepted.fetch_add(1, std::memory_order_relaxed);
  stats_.connections.fetch_add(1, std::memory_order_relaxed);
  return connections_[slot].get();
}

}  // namespace peer
