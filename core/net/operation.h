#pragma once

#include <utility>

#include "core/net/connection.h"
#include "core/net/event_loop.h"

namespace peer {

/// While it lives, the further messages of a session wait unread: so what the peer asked for may be
/// answered later, and its order is as if the answer had come at once. A session may have several;
/// the last one's end lets it go on.
///
/// Threading: begun, and asked for its session, on the session's loop. It may be handed
/// through any thread, but ends on a loop: one that is lost on another loop ends on its own. Where
/// no loop runs (any more) its end does nothing.
class Operation {
 public:
  Operation() = default;  ///< none
  /// Of the session that the connection carries.
  explicit Operation(Connection& connection)
      : loop_(&connection.loop()), session_(connection.session_ref()) {
    connection.pause();
  }
  /// The same of one that nothing may carry. On its loop.
  Operation(EventLoop& loop, SessionRef session) : loop_(&loop), session_(session) {
    loop.pause(session);
  }
  Operation(Operation&& other) noexcept
      : loop_(std::exchange(other.loop_, nullptr)), session_(other.session_) {}
  Operation& operator=(Operation&& other) noexcept {
    std::swap(loop_, other.loop_);
    std::swap(session_, other.session_);
    return *this;
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation();

  /// False for none, and for one that has been moved away.
  explicit operator bool() const { return loop_ != nullptr; }
  /// Where it goes on.
  [[nodiscard]] EventLoop& loop() const { return *loop_; }
  /// Null when it has ended meanwhile, or is about to; and of none. On its loop; good until the
  /// handler returns.
  [[nodiscard]] ApplicationSession* session() const;

 private:
  EventLoop* loop_ = nullptr;
  SessionRef session_;
};

}  // namespace peer
