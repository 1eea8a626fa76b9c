#pragma once

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kit.h"
#include "resolver.h"
#include "tests/support/temp_dir.h"

namespace peer_redis {

/// A connection that the test answers by itself.
class FakeConnection {
 public:
  explicit FakeConnection(int fd) : fd_(fd) {
    const timeval most{5, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  }
  ~FakeConnection() { close(); }
  FakeConnection(FakeConnection&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FakeConnection& operator=(FakeConnection&&) = delete;

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// All that has come until `end` is there, once more; "" for an end of the connection.
  std::string read_until(std::string_view end) {
    std::string text;
    while (text.find(end) == std::string::npos) {
      char some[4096];
      const ssize_t size = ::read(fd_, some, sizeof some);
      if (size <= 0) return {};
      text.append(some, static_cast<std::size_t>(size));
    }
    return text;
  }
  /// Whether anything has come that has not been read.
  [[nodiscard]] bool has_more() const {
    char byte;
    return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  void say(std::string_view text) {
    if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("not sent");
    }
  }

 private:
  int fd_;
};

/// Something that listens in Redis' place, and the loop of who connects to it. What happens there
/// is noted as lines, in its order.
class FakeRedis {
 public:
  FakeRedis() : path_((dir_.path() / "redis").string()), fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    const Address there = address();
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&there.bytes), there.size) != 0 ||
        ::listen(fd_, 8) != 0) {
      throw std::runtime_error("cannot listen");
    }
    loop_.start();
  }
  ~FakeRedis() {
    loop_.stop();
    ::close(fd_);
  }
  FakeRedis(const FakeRedis&) = delete;
  FakeRedis& operator=(const FakeRedis&) = delete;

  EventLoop& loop() { return loop_; }
  [[nodiscard]] Address address() const { return unix_address(path_); }
  FakeConnection accept() { return FakeConnection(::accept(fd_, nullptr, nullptr)); }

  /// On the loop's thread; returns when it is done.
  template <typename Function>
  void run(Function function) {
    std::promise<void> done;
    loop_.post([&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }
  void note(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    noted_.notify_all();
  }
  /// The lines so far, once `last` is one of them; the next call begins behind them.
  std::vector<std::string> lines_until(const std::string& last) {
    std::unique_lock lock(mutex_);
    noted_.wait_for(lock, std::chrono::seconds(5),
                    [&] { return std::find(lines_.begin(), lines_.end(), last) != lines_.end(); });
    return std::exchange(lines_, {});
  }

 private:
  peer::test::TempDir dir_;
  const std::string path_;
  const int fd_;
  std::mutex mutex_;
  std::condition_variable noted_;
  std::vector<std::string> lines_;
  EventLoop loop_;
};

}  // namespace peer_redis
