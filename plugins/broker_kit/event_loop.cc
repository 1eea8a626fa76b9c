#include "plugins/broker_kit/event_loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

// One thread. In: events of sockets, tasks that other threads post, timers. A round is: wait,
// handle what is ready, run the tasks, run the timers that are due, and let the owner flush
// (at_round_end). What any of these throws is reported, and the round goes on.
namespace peer_broker_kit {
namespace {

/// Numbers of watches begin behind it.
constexpr std::uint64_t kWakeUp = 0;

}  // namespace

bool LoopRef::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (loop_ != nullptr) loop_->post(std::move(task));
  return loop_ != nullptr;
}

void LoopRef::detach() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

EventLoop::EventLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{EPOLLIN, {}};
  event.data.u64 = kWakeUp;
  if (epoll_ < 0 || wake_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    throw std::runtime_error("no file descriptors are left");
  }
}

EventLoop::~EventLoop() {
  stop();
  // From here on nobody can post. A thread that posts at this moment has finished, or finds no
  // loop.
  ref_->detach();
  close(wake_);
  close(epoll_);
}

void EventLoop::start() {
  // Signals are the server's main thread's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::string failure;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    failure = error.code().message();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!failure.empty()) throw std::runtime_error("cannot start a thread: " + failure);
}

void EventLoop::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  // Wakes the thread, which may be waiting without an end.
  post([] {});
  thread_.join();
}

void EventLoop::post(Task task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  const std::uint64_t one = 1;
  // One wake-up for all tasks until the loop takes them; the eventfd counts, so none is lost.
  if (first) static_cast<void>(write(wake_, &one, sizeof one) + 1);
}

EventLoop::TimerId EventLoop::run_at(Time when, Task task) {
  const TimerId id{when, ++next_timer_};
  timers_.emplace(id, std::move(task));
  return id;
}

void EventLoop::watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> handler) {
  // Not by the descriptor: the kernel gives a closed one out again, and an event of the same round
  // would reach the new owner.
  const std::uint64_t number = next_watch_++;
  watches_.emplace(number, Watch{fd, std::move(handler)});
  watch_of_[fd] = number;
  epoll_event event{events, {}};
  event.data.u64 = number;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void EventLoop::rewatch(int fd, std::uint32_t events) {
  epoll_event event{events, {}};
  event.data.u64 = watch_of_.at(fd);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::unwatch(int fd) {
  const auto found = watch_of_.find(fd);
  if (found == watch_of_.end()) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  watches_.erase(found->second);
  watch_of_.erase(found);
}

void EventLoop::run() {
  epoll_event events[16];
  while (true) {
    const int count = epoll_wait(epoll_, events, 16, wait_ms());
    now_ = Clock::now();
    bool woken = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[i];
      woken = woken || event.data.u64 == kWakeUp;
      call([&] { handle(event.data.u64, event.events); });
    }
    run_posted(woken);
    run_timers();
    if (round_end_) call(round_end_);
    const std::lock_guard lock(mutex_);
    if (stopping_ && posted_.empty()) return;
  }
}

void EventLoop::handle(std::uint64_t number, std::uint32_t events) {
  const auto found = watches_.find(number);
  if (found == watches_.end()) return;         // the wake-up, or gone in this round
  const auto handler = found->second.handler;  // it may unwatch itself
  handler(events);
}

template <typename Function>
void EventLoop::call(const Function& task) noexcept {
  try {
    task();
  } catch (const std::exception& error) {
    report(error.what());
  } catch (...) {
    report("an exception of an unknown kind");
  }
}

void EventLoop::report(std::string_view what) noexcept {
  try {
    if (on_exception_) on_exception_(what);
  } catch (...) {
    return;  // without memory even to say so
  }
}

void EventLoop::run_posted(bool woken) {
  std::uint64_t count = 0;
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    // The tasks run without the lock, and may post: what they post runs in the next round.
    tasks.swap(posted_);
    // Where nothing is posted, and nobody has woken the loop, there is nothing to read: most rounds
    // have news of sockets alone.
    if (woken || !tasks.empty()) static_cast<void>(read(wake_, &count, sizeof count) + 1);
  }
  for (const Task& task : tasks) call(task);
}

void EventLoop::run_timers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    const Task task = std::move(timers_.begin()->second);
    // Before the call, which may set or cancel timers.
    timers_.erase(timers_.begin());
    call(task);
  }
}

int EventLoop::wait_ms() const {
  if (timers_.empty()) return -1;
  const auto left =
      // Rounded up: woken too early, the loop would turn without work until the timer is due.
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60000));
}

}  // namespace peer_broker_kit
