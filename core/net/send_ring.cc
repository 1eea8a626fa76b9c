#include "core/net/send_ring.h"

#include <liburing.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/log.h"
#include "core/net/event_loop.h"

// In: sends, on the loop's thread. Out: their results, in one system call. A send with MSG_DONTWAIT
// ends within the submission, whether the socket takes it or not; so its result is there when
// io_uring_submit_and_wait() returns. What a loop has to send goes this way first, if it has a
// ring.
namespace peer {

namespace {

std::string why_not(int error) {
  // Not of std::generic_category(): UBSan looks at its type by a pipe, and there may be no
  // descriptor left.
  std::array<char, 128> buffer{};
  const std::string reason = ::strerror_r(error, buffer.data(), buffer.size());
  switch (error) {
    case EPERM:
    case EACCES:
    case ENOSYS:
      return reason + "; the kernel (sysctl kernel.io_uring_disabled) or the container forbids it";
    case EINVAL:
      return reason + "; it needs Linux 6.1 or newer";
    case ENOMEM:
      return reason + "; it needs locked memory (ulimit -l)";
    default:
      return reason;
  }
}

}  // namespace

sdk::Result<std::unique_ptr<SendRing>> SendRing::make() {
  auto ring = std::make_unique<io_uring>();
  // Both of Linux 6.1: completions are made by the thread that asks for them, and by nobody else.
  constexpr unsigned kFlags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  const int result = io_uring_queue_init(kMost, ring.get(), kFlags);
  if (result < 0) return sdk::Error{why_not(-result)};
  return std::unique_ptr<SendRing>(new SendRing(std::move(ring)));
}

SendRing::SendRing(std::unique_ptr<io_uring> ring) : ring_(std::move(ring)) {}

SendRing::~SendRing() { io_uring_queue_exit(ring_.get()); }

void SendRing::add(int fd, std::span<const std::uint8_t> bytes) {
  io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
  io_uring_prep_send(entry, fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  io_uring_sqe_set_data64(entry, count_++);
}

std::span<const int> SendRing::send_all() {
  results_.assign(std::exchange(count_, 0), -EAGAIN);
  for (std::size_t ended = 0; ended < results_.size() && !is_broken_;) {
    const auto wanted = static_cast<unsigned>(results_.size() - ended);
    const int result = io_uring_submit_and_wait(ring_.get(), wanted);
    is_broken_ = result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY;
    ended += take_results();
  }
  return results_;
}

std::size_t SendRing::take_results() {
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* entry = nullptr;
  io_uring_for_each_cqe(ring_.get(), head, entry) {
    results_[io_uring_cqe_get_data64(entry)] = entry->res;
    ++count;
  }
  io_uring_cq_advance(ring_.get(), count);
  return count;
}

void EventLoop::make_ring() {
  auto ring = SendRing::make();
  if (ring) {
    ring_ = std::move(*ring);
  } else {
    log_warning("an event loop sends without io_uring: " + ring.error().message);
  }
}

// What these connections have to send goes in one system call; what is left of it, and all else, is
// for flush(). No handler runs meanwhile, so the connections and their frames stay.
void EventLoop::send_ahead(std::span<const ConnectionRef> refs) {
  if (refs.size() < 2) return;
  std::array<Connection*, SendRing::kMost> senders;
  std::size_t count = 0;
  for (const ConnectionRef ref : refs) {
    Connection* connection = find(ref);
    if (connection == nullptr) continue;
    const std::span<const std::uint8_t> bytes = connection->to_send_ahead();
    if (bytes.empty()) continue;
    senders[count++] = connection;
    ring_->add(connection->fd_, bytes);
  }
  if (count == 0) return;
  const std::span<const int> results = ring_->send_all();
  for (std::size_t i = 0; i < count; ++i) senders[i]->sent_ahead(results[i]);
  if (!ring_->is_broken()) return;
  log_error("an event loop goes on without io_uring, which the kernel refuses now");
  ring_.reset();
}

}  // namespace peer
