#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

#include "tests/support/deadline.h"

namespace peer::test {

/// Stands between one node and Redis, on a free port, and makes the faults of a network. A thread
/// of its own moves the bytes; the functions may be called from the test's. What they ask for is
/// done when they return.
class TcpProxy {
 public:
  /// One of the node's two connections: the one that says SUBSCRIBE, or the other.
  enum class Which { kBoth, kCommands, kSubscription };
  enum class Cut { kFin, kReset };

  explicit TcpProxy(std::uint16_t target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const { return port_; }
  /// Ends the connections that are there; new ones are let through.
  void cut(Cut how, Which which = Which::kBoth);
  /// A black hole: nothing comes through, no end either, and new connections hear nothing.
  void hold(Which which = Which::kBoth);
  /// What Redis says stays on its way. What the node says comes through.
  void hold_answers();
  /// After either of the two: what was on its way arrives, late.
  void release();
  /// Everything arrives so much later, in its order.
  void delay(milliseconds by);

 private:
  struct Connection;
  enum class Held { kNothing, kAll, kAnswers };

  void run();
  void accept_one();
  /// `is_answer`: what comes from Redis.
  bool is_held(const Connection& connection, bool is_answer) const;
  template <typename Change>
  void change(Change apply);

  const std::uint16_t target_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_ = -1;
  std::mutex mutex_;  ///< guards all below
  std::list<Connection> connections_;
  Held held_ = Held::kNothing;
  Which held_which_ = Which::kBoth;
  milliseconds delay_{0};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace peer::test
