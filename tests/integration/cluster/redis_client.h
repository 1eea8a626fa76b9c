#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/deadline.h"

struct redisContext;

namespace peer::test {

/// A connection to a redis-server of this machine. Failures throw std::runtime_error.
class RedisClient {
 public:
  explicit RedisClient(std::uint16_t port, const std::string& password = {},
                       const std::string& address = "127.0.0.1");

  /// One command; the reply's elements as text, in order, nested ones flat. Errors throw.
  std::vector<std::string> command(const std::vector<std::string>& arguments);

 private:
  struct FreeContext {
    void operator()(redisContext* context) const;
  };
  std::unique_ptr<redisContext, FreeContext> context_;
};

/// Subscribes to channels, as a node of another kind does.
class RedisSubscriber {
 public:
  RedisSubscriber(std::uint16_t port, std::initializer_list<std::string_view> channels,
                  const std::string& password = {});
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
