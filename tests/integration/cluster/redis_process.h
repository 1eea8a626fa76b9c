#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/integration/cluster/redis_client.h"
#include "tests/support/temp_dir.h"

namespace peer::test {

/// A redis-server of this test alone, on a free port, without persistence. Killed at the end.
class RedisProcess {
 public:
  /// Starts it and waits until it answers. `password`: empty for none.
  /// `port`: 0 for a free one.
  explicit RedisProcess(std::string password = {}, std::string address = "127.0.0.1",
                        std::uint16_t port = 0);
  /// With these arguments beside its port, address and directory; a configuration file may be the
  /// first. `port`: 0 for a free one.
  explicit RedisProcess(std::vector<std::string> arguments, std::uint16_t port = 0);
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  std::uint16_t port() const { return port_; }
  /// A connection for many commands.
  RedisClient client() const { return RedisClient(port_, password_, address_); }
  /// One command on a connection of its own; the reply's elements as text, in order, nested ones
  /// flat. Errors throw.
  std::vector<std::string> command(const std::vector<std::string>& arguments);
  /// kill -9; the port stays this one's.
  void kill();
  /// After kill(): again, on the same port; empty, or with what it had at its last SAVE.
  void restart() { launch(); }
  void signal(int number);
  /// Its working directory.
  const TempDir& dir() const { return dir_; }

 private:
  void launch();

  TempDir dir_;
  std::string password_;
  std::string address_;
  std::uint16_t port_ = 0;
  std::vector<std::string> arguments_;
  pid_t pid_ = -1;
};

}  // namespace peer::test
