#include <unistd.h>

#include <cerrno>
#include <exception>
#include <optional>
#include <span>
#include <utility>

#include "core/base/log.h"
#include "core/net/event_loop.h"
#include "core/net/packed_ref.h"

// How loops talk. In: deliveries and tasks, from any thread (post). Out: frames for the connections
// of this loop and calls of tasks, on its own thread.
//
// A post is pushed at once, under the receiver's mutex. So posts have one order for everybody: when
// a loop has learnt something from another one, all that the other had posted to it before is in
// its mailbox (docs/decisions.md, "Mail between loops is pushed at once"). Only the wake-up waits
// for the end of the sender's round: one system call for each receiver, however many posts.
//
// What a loop posts to itself needs no mutex, unless mail of others waits before it.
namespace peer {
namespace {

constexpr std::size_t kMaxMailBytes = 64 * 1024 * 1024;
// Room for so many deliveries is kept, so that those of the next round need no allocation.
constexpr std::size_t kKeptMail = 1024;

std::size_t mail_size(const Delivery& delivery) {
  return sizeof(Delivery) + delivery.frame.size() + delivery.many.capacity() * sizeof(SessionRef);
}

std::span<const SessionRef> receivers(const Delivery& delivery) {
  if (delivery.many.empty()) return {&delivery.to, 1};
  return delivery.many;
}

std::uint32_t receiver_count(const Delivery& delivery) {
  return static_cast<std::uint32_t>(receivers(delivery).size());
}

void finish(const Delivery& delivery, std::uint32_t delivered) {
  DeliveryReport* report = delivery.report.get();
  if (report == nullptr) return;
  report->delivered.fetch_add(delivered, std::memory_order_relaxed);
  report->dropped.fetch_add(receiver_count(delivery) - delivered, std::memory_order_relaxed);
  // Acquire and release: the last one sees what all others have added.
  if (report->pending.fetch_sub(1, std::memory_order_acq_rel) == 1) report->done(*report);
}

}  // namespace

void EventLoop::post(Delivery&& delivery) {
  const std::size_t size = mail_size(delivery);
  // Whoever has posted something that this post must not overtake has done so before this loop
  // could know of it, and then the flag is seen.
  if (current() == this && !mail_waiting_.load(std::memory_order_acquire) &&
      own_mail_bytes_ + size <= kMaxMailBytes) {
    own_mail_bytes_ += size;
    own_mail_.push_back(std::move(delivery));
    return;
  }
  bool full = false;
  bool asleep = false;
  {
    const MutexLock lock(mail_mutex_);
    full = mail_bytes_ + size > kMaxMailBytes;
    if (!full) {
      mail_bytes_ += size;
      mail_.push_back(std::move(delivery));
      mail_waiting_.store(true, std::memory_order_release);
      asleep = !std::exchange(woken_, true);
    } else {
      for (const SessionRef to : receivers(delivery)) ++lost_mail_[packed(to)];
    }
  }
  if (full) {
    // NOLINTNEXTLINE(bugprone-use-after-move): where it is full, nothing was moved
    stats_.mail_dropped.fetch_add(receiver_count(delivery), std::memory_order_relaxed);
    finish(delivery, 0);
    return;
  }
  if (asleep) wake();
}

void EventLoop::post(UniqueTask<void()> task) {
  bool asleep = false;
  {
    const MutexLock lock(mail_mutex_);
    tasks_.push_back(std::move(task));
    asleep = !std::exchange(woken_, true);
  }
  if (asleep) wake();
}

// Called for the first post since the loop last looked: woken_ says that it will look again. A
// thread without a loop has no end of a round to wait for, and wakes at once.
void EventLoop::wake() {
  EventLoop* sender = current();
  if (sender == this) return;  // it looks at its mail before it sleeps
  if (sender != nullptr) {
    sender->to_wake_.push_back(this);
    return;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

bool EventLoop::has_mail() {
  if (!own_mail_.empty()) return true;
  const MutexLock lock(mail_mutex_);
  return !mail_.empty() || !tasks_.empty();
}

void EventLoop::wake_others() {
  for (EventLoop* loop : to_wake_) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(loop->wake_fd_, &one, sizeof one);
  }
  to_wake_.clear();
}

void EventLoop::deliver_own_mail() {
  std::vector<Delivery> mail = std::move(spare_mail_);
  mail.swap(own_mail_);
  own_mail_bytes_ = 0;
  deliver_all(mail);
}

void EventLoop::deliver_waiting_mail() {
  // Swapped out and delivered without the mutex: other threads may post meanwhile.
  std::vector<Delivery> mail = std::move(spare_mail_);
  std::optional<LostMail> lost;  // hardly ever any
  {
    const MutexLock lock(mail_mutex_);
    mail.swap(mail_);
    if (!lost_mail_.empty()) lost = std::exchange(lost_mail_, {});
    mail_bytes_ = 0;
    mail_waiting_.store(false, std::memory_order_relaxed);
    woken_ = !tasks_.empty();
  }
  deliver_all(mail);
  if (lost) tell_lost(*lost);
}

void EventLoop::deliver_all(std::vector<Delivery>& mail) {
  for (const Delivery& delivery : mail) deliver(delivery);
  mail.clear();
  if (mail.capacity() <= kKeptMail) spare_mail_ = std::move(mail);
}

void EventLoop::tell_lost(const LostMail& lost) const {
  for (const auto& [key, count] : lost) {
    ApplicationSession* session = find(unpacked<SessionRef>(key, index_));
    for (std::uint32_t i = 0; session != nullptr && i < count; ++i) session->on_dropped();
  }
}

void EventLoop::deliver(const Delivery& delivery) {
  finish(delivery, send(receivers(delivery), delivery.frame, delivery.importance));
}

void EventLoop::run_tasks() {
  std::vector<UniqueTask<void()>> tasks;
  {
    const MutexLock lock(mail_mutex_);
    tasks.swap(tasks_);
    woken_ = !mail_.empty();
  }
  // What was posted before one of these tasks may have come since this round delivered its mail.
  if (!tasks.empty()) deliver_mail();
  for (UniqueTask<void()>& task : tasks) run_guarded(task);
}

void EventLoop::run_guarded(UniqueTask<void()>& task) noexcept {
  try {
    task();
  } catch (const std::exception& failure) {
    log_error(std::string("a task of an event loop failed: ") + failure.what());
  }
  notify_closed();
}

}  // namespace peer
