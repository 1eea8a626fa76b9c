#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/support/temp_dir.h"

struct redisContext;

namespace peer::test {

/// A redis-server of this test alone, on a free port, without persistence. Killed at the end.
class RedisProcess {
 public:
  /// Starts it and waits until it answers. `password`: empty for none.
  explicit RedisProcess(std::string password = {});
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  std::uint16_t port() const { return port_; }
  /// One command; the reply's elements as text, in order, nested ones flat. Errors throw.
  std::vector<std::string> command(const std::vector<std::string>& arguments);
  /// kill -9; the port stays this one's.
  void kill();
  /// After kill(): again, empty, on the same port.
  void restart() { launch(); }
  void signal(int number);

 private:
  void launch();

  TempDir dir_;
  std::string password_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

/// Subscribes to channels, as a node of another kind does.
class RedisSubscriber {
 public:
  RedisSubscriber(std::uint16_t port, std::initializer_list<std::string_view> channels);
  ~RedisSubscriber();
  RedisSubscriber(const RedisSubscriber&) = delete;
  RedisSubscriber& operator=(const RedisSubscriber&) = delete;

  /// The next message of a channel.
  struct Message {
    std::string channel;
    std::string text;
  };
  Message next(Deadline deadline = Deadline());

 private:
  redisContext* context_;
};

}  // namespace peer::test
