#pragma once

#include <utility>

#include "core/net/connection.h"
#include "core/net/event_loop.h"

namespace peer {

/// While it lives, the further messages of a connection wait unread: so what the peer asked for may
/// be answered later, and its order is as if the answer had come at once. A connection may have
/// several; the last one's end lets it go on.
///
/// Threading: begun, and asked for its connection, on the connection's loop. It may be handed
/// through any thread, but ends on a loop: one that is lost on another loop ends on its own. Where
/// no loop runs (any more) its end does nothing.
class Operation {
 public:
  Operation() = default;  ///< none
  explicit Operation(Connection& connection)
      : loop_(&connection.loop()), connection_(connection.ref()) {
    connection.pause();
  }
  Operation(Operation&& other) noexcept
      : loop_(std::exchange(other.loop_, nullptr)), connection_(other.connection_) {}
  Operation& operator=(Operation&& other) noexcept {
    std::swap(loop_, other.loop_);
    std::swap(connection_, other.connection_);
    return *this;
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation();

  explicit operator bool() const { return loop_ != nullptr; }
  /// Where it goes on.
  [[nodiscard]] EventLoop& loop() const { return *loop_; }
  /// Null when it has closed meanwhile, or is closing.
  [[nodiscard]] Connection* connection() const;

 private:
  EventLoop* loop_ = nullptr;
  ConnectionRef connection_;
};

}  // namespace peer
