#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tools/peer-bench/load.h"

namespace peer::bench {

/// A child process with a raw epoll echo: one recv and one send for what is there, no protocol.
/// The least that any relay must do; machine noise is the same for both. It ends with this object,
/// and with this process.
class EchoProcess {
 public:
  /// Forks: before there are threads. Throws std::system_error.
  EchoProcess();
  ~EchoProcess();
  EchoProcess(const EchoProcess&) = delete;
  EchoProcess& operator=(const EchoProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

/// Connections to an EchoProcess, each with `in_flight` messages under way. A unit is one message
/// come back. Driven as the server is: shared read buffer, sends at the end of the round. Its cost
/// of a message is what the machine asks for any relay; the server's figure stands beside it.
class FloorLoad final : public Load {
 public:
  struct Shape {
    std::size_t connections;
    std::size_t message_bytes;
    std::uint32_t in_flight;
  };
  /// Connects all of them. Throws std::system_error. step() throws when the echo process has ended:
  /// a floor that fails makes the run worthless.
  FloorLoad(std::uint16_t port, const Shape& shape);
  ~FloorLoad() override;
  FloorLoad(const FloorLoad&) = delete;
  FloorLoad& operator=(const FloorLoad&) = delete;

  void resume() override;
  void pause() override { running_ = false; }
  [[nodiscard]] std::uint64_t in_flight() const override { return in_flight_; }
  void step_within(std::chrono::milliseconds longest) override;
  [[nodiscard]] std::string_view unit() const override { return "message"; }
  [[nodiscard]] std::size_t message_bytes() const override { return shape_.message_bytes; }

 private:
  struct Link {
    int fd = -1;
    std::size_t received = 0;    // bytes of an incomplete message
    std::uint32_t may_send = 0;  // messages that have come back, or were never sent
    Instant sent_at;             // of the latest burst
  };

  void read(Link& link);
  void send(Link& link);

  Shape shape_;
  int epoll_;
  std::vector<Link> links_;
  std::vector<Link*> dirty_;
  std::vector<char> outgoing_;  // a whole burst
  std::vector<char> buffer_;
  std::uint64_t in_flight_ = 0;
  bool running_ = false;
};

}  // namespace peer::bench
