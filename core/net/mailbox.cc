#include <unistd.h>

#include <cerrno>
#include <exception>

#include "core/base/log.h"
#include "core/net/event_loop.h"

// How loops talk. A post is pushed at once, under the receiver's mutex: so posts are in one order
// for everybody, and what one loop learnt from another is never overtaken by what that one sent
// before. Only the wake-up waits for the end of the sender's round: one system call for each
// receiver, however many posts.
namespace peer {
namespace {

constexpr std::size_t kMaxMailBytes = 64 * 1024 * 1024;

std::size_t mail_size(const Delivery& delivery) {
  return sizeof(Delivery) + delivery.frame.size() + delivery.many.size() * sizeof(ConnectionRef);
}

std::uint32_t receivers(const Delivery& delivery) {
  return delivery.many.empty() ? 1 : static_cast<std::uint32_t>(delivery.many.size());
}

void finish(const Delivery& delivery, std::uint32_t delivered) {
  DeliveryReport* report = delivery.report.get();
  if (report == nullptr) return;
  report->delivered.fetch_add(delivered, std::memory_order_relaxed);
  report->dropped.fetch_add(receivers(delivery) - delivered, std::memory_order_relaxed);
  if (report->pending.fetch_sub(1, std::memory_order_acq_rel) == 1) report->done(*report);
}

}  // namespace

void EventLoop::post(Delivery delivery) {
  const std::size_t size = mail_size(delivery);
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
    }
  }
  if (full) {
    stats_.mail_dropped.fetch_add(receivers(delivery), std::memory_order_relaxed);
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

void EventLoop::deliver_waiting_mail() {
  std::vector<Delivery> mail;
  {
    const MutexLock lock(mail_mutex_);
    mail.swap(mail_);
    mail_bytes_ = 0;
    mail_waiting_.store(false, std::memory_order_relaxed);
    woken_ = !tasks_.empty();
  }
  for (const Delivery& delivery : mail) deliver(delivery);
}

void EventLoop::deliver(const Delivery& delivery) {
  std::uint32_t delivered = 0;
  const auto send = [&](ConnectionRef ref) {
    Connection* connection = find(ref);
    if (connection != nullptr &&
        connection->send(delivery.frame, delivery.importance) == SendResult::kQueued) {
      ++delivered;
    }
  };
  if (delivery.many.empty()) {
    send(delivery.to);
  } else {
    for (const ConnectionRef ref : delivery.many) send(ref);
  }
  finish(delivery, delivered);
}

void EventLoop::run_tasks() {
  std::vector<UniqueTask<void()>> tasks;
  {
    const MutexLock lock(mail_mutex_);
    tasks.swap(tasks_);
    woken_ = !mail_.empty();
  }
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
