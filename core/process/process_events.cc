#include "core/process/process_events.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "core/base/log.h"
#include "core/base/thread.h"

// The events that the main thread waits for, and the end of the process even if something hangs.
// In: signals, deadlines, an eventfd of the loops. Out: events for the main thread (wait), or
// _exit.
//
// Signals arrive on a descriptor that a thread of its own reads. It wakes the main thread, and it
// ends the process when the deadline of a stop is over or a second signal has come, whatever the
// main thread is doing then. So this thread must never wait for anything else: it takes no lock
// that is held for long, and writes to no file.
namespace peer {
namespace {

/// Before the deadline: for the log to write the last words.
constexpr milliseconds kLastWords{100};

void write_event(int fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

void read_event(int fd) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(fd, &count, sizeof count);
}

int checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int signal_descriptor() {
  const sigset_t signals = block_signals();
  return ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int event_descriptor() { return checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"); }

}  // namespace

ProcessEvents::ProcessEvents()
    : signal_fd_(checked(signal_descriptor(), "signalfd")),
      done_fd_(event_descriptor()),
      main_fd_(event_descriptor()),
      watch_fd_(event_descriptor()) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a log file at its limit is a full disk
}

sdk::Result<void> ProcessEvents::start() {
  auto thread = start_thread("signals", [this] { watch(); });
  if (!thread) return thread.error();
  thread->detach();
  return {};
}

ProcessEvents::Event ProcessEvents::wait(milliseconds timeout) {
  // Flags, not a queue: equal signals that come before they are asked for are one.
  if (stop_waits_.exchange(false)) return Event::kStopRequested;
  if (hangup_waits_.exchange(false)) return Event::kHangup;
  if (reopen_waits_.exchange(false)) return Event::kReopenLog;
  std::array<pollfd, 2> fds{{{main_fd_, POLLIN, 0}, {done_fd_, POLLIN, 0}}};
  int ready = 0;
  do {
    ready = ::poll(fds.data(), fds.size(), static_cast<int>(timeout.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return Event::kTimeout;
  if ((fds[0].revents & POLLIN) == 0) return Event::kLoopsEnded;
  read_event(main_fd_);
  // The flag is set before main_fd_ is written, so this finds it, unless an earlier call has.
  const Event event = wait(milliseconds(0));
  return event == Event::kTimeout && timeout.count() < 0 ? wait(timeout) : event;
}

void ProcessEvents::use_longest_stop(milliseconds time) {
  const MutexLock lock(mutex_);
  longest_stop_ = time;
}

void ProcessEvents::end_within(milliseconds time, int exit_code) {
  exit_code_ = exit_code;
  {
    const MutexLock lock(mutex_);
    // A little before the time, which the last words need.
    deadline_ = std::min(deadline_, steady_now() + time - std::min(kLastWords, time / 10));
  }
  write_event(watch_fd_);
}

void ProcessEvents::waiting_for(const std::string& what) {
  const MutexLock lock(mutex_);
  waiting_for_ = what;
}

void ProcessEvents::log_closes() {
  const MutexLock lock(mutex_);
  log_is_open_ = false;
}

// The thread that reads signals. It takes no lock that another thread holds while it waits.
void ProcessEvents::watch() {
  for (;;) {
    std::array<pollfd, 2> fds{{{signal_fd_, POLLIN, 0}, {watch_fd_, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), milliseconds_left());
    if ((fds[1].revents & POLLIN) != 0) read_event(watch_fd_);
    if ((fds[0].revents & POLLIN) != 0) take_signal();
    if (milliseconds_left() == 0) end_at_deadline();
  }
}

void ProcessEvents::take_signal() {
  signalfd_siginfo info{};
  if (::read(signal_fd_, &info, sizeof info) != sizeof info) return;
  if (info.ssi_signo == SIGHUP) {
    hangup_waits_ = true;
  } else if (info.ssi_signo == SIGUSR1) {
    reopen_waits_ = true;
  } else {
    // The second one: no destructor, no log.
    if (stop_seen_.exchange(true)) ::_exit(exit_code_);
    stop_waits_ = true;
    const MutexLock lock(mutex_);
    deadline_ = std::min(deadline_, steady_now() + longest_stop_);
  }
  write_event(main_fd_);
}

int ProcessEvents::milliseconds_left() {
  constexpr milliseconds kLongest{60'000};
  const MutexLock lock(mutex_);
  if (deadline_ == kNever) return -1;
  const milliseconds left = std::clamp(deadline_ - steady_now(), milliseconds(0), kLongest);
  return static_cast<int>(left.count());
}

void ProcessEvents::end_at_deadline() {
  {
    const MutexLock lock(mutex_);
    if (log_is_open_) {
      log_error("shutdown_timeout is over: exiting without waiting for " + waiting_for_);
      ::poll(nullptr, 0, static_cast<int>(kLastWords.count()));
    }
  }
  ::_exit(exit_code_);
}

}  // namespace peer
