#pragma once

#include <sys/timerfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace peer::test {

/// The rate of a load; nothing is waited for by it.
class Metronome {
 public:
  explicit Metronome(std::chrono::nanoseconds interval) {
    const itimerspec every{{0, interval.count()}, {0, interval.count()}};
    ::timerfd_settime(fd_, 0, &every, nullptr);
  }
  ~Metronome() { ::close(fd_); }
  Metronome(const Metronome&) = delete;
  Metronome& operator=(const Metronome&) = delete;

  void next() const {
    std::uint64_t beats = 0;
    [[maybe_unused]] const ssize_t size = ::read(fd_, &beats, sizeof beats);
  }

 private:
  const int fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
};

}  // namespace peer::test
