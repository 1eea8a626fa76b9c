#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace peer_broker_kit {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Task = std::function<void()>;

class EventLoop;

/// A way to a loop that may be gone. Any thread.
class LoopRef {
 public:
  explicit LoopRef(EventLoop& loop) : loop_(&loop) {}
  /// False, and `task` destroyed, when the loop is gone.
  bool post(Task task);
  void detach();

 private:
  std::mutex mutex_;
  EventLoop* loop_;
};

/// The plugin's one thread: waits for sockets, timers and tasks.
/// Loop thread only, but for post() (any thread), start() and stop() (one thread). It owns none of
/// the sockets. Made without descriptors it throws std::runtime_error.
class EventLoop {
 public:
  using TimerId = std::pair<Time, std::uint64_t>;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Throws when the system has no thread for it.
  void start();
  /// Runs what was posted before, and joins the thread. Later tasks are destroyed unrun with this.
  void stop();

  /// Runs `task` on the loop's thread, in the order of the calls. One that a task posts runs in the
  /// next round. There is no bound.
  void post(Task task);
  /// Shared by those who may outlive the loop.
  [[nodiscard]] const std::shared_ptr<LoopRef>& ref() const { return ref_; }
  /// At the end of each round: writers flush once for all tasks of the round.
  void at_round_end(Task task) { round_end_ = std::move(task); }
  /// Told of what a handler, timer or task threw; the loop goes on with the next one.
  void at_exception(std::function<void(std::string_view what)> handler) {
    on_exception_ = std::move(handler);
  }

  /// Read once a round.
  [[nodiscard]] Time now() const { return now_; }
  /// One shot, in the round in which `when` has come, behind the tasks. A timer that sets itself
  /// anew for now() or earlier never lets the round end.
  TimerId run_at(Time when, Task task);
  void cancel(const TimerId& timer) { timers_.erase(timer); }
  /// How many timers have yet to run.
  [[nodiscard]] std::size_t timers() const { return timers_.size(); }

  /// `handler` is called with epoll events of `fd`, until unwatch(), which has to come before the
  /// descriptor is closed. Level-triggered.
  void watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> handler);
  /// Of one that is watched: other events from now on.
  void rewatch(int fd, std::uint32_t events);
  /// Its handler is not called any more, not even for what this round has seen already. Nothing
  /// happens to one that is not watched.
  void unwatch(int fd);

 private:
  /// A socket, with the function that hears of its events.
  struct Watch {
    int fd;
    std::function<void(std::uint32_t)> handler;
  };

  void run();
  /// Calls the handler of a watch, if it is still watched.
  void handle(std::uint64_t number, std::uint32_t events);
  /// Runs a task, and reports what it throws.
  template <typename Function>
  void call(const Function& task) noexcept;
  void report(std::string_view what) noexcept;
  /// `woken`: by the eventfd.
  void run_posted(bool woken);
  void run_timers();
  /// Until the next timer, one minute at most; -1: there is none.
  [[nodiscard]] int wait_ms() const;

  int epoll_;
  int wake_;
  std::unordered_map<std::uint64_t, Watch> watches_;  ///< by a number that is never used again
  std::unordered_map<int, std::uint64_t> watch_of_;
  std::uint64_t next_watch_ = 1;
  std::map<TimerId, Task> timers_;
  std::uint64_t next_timer_ = 0;
  Time now_ = Clock::now();
  Task round_end_;
  std::function<void(std::string_view)> on_exception_;
  const std::shared_ptr<LoopRef> ref_ = std::make_shared<LoopRef>(*this);
  std::thread thread_;

  std::mutex mutex_;  ///< guards what follows
  std::vector<Task> posted_;
  bool stopping_ = false;
};

}  // namespace peer_broker_kit
