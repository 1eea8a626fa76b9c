#pragma once

#include <string>
#include <string_view>

#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// What the event loops serve: WebSocket messages go to the handler of their type (handlers.h),
/// other requests to the HTTP endpoints. What comes at the path of a dialect is for who stands
/// above (core/dialect). Stateless but for the Node; loop threads.
class Dispatcher : public Application {
 public:
  explicit Dispatcher(Node& node);

  /// Whether a request for this path is answered beyond the limits of connections.
  [[nodiscard]] bool is_health_check(std::string_view path) const override;
  std::string on_http(const HttpRequest& request, bool loopback) override;
  /// Gives the connection a session, which has `pong_wait` to register.
  void on_open(Connection& connection, HttpRequest&& request) override;
  /// Up to `registered` a message goes to registration; then it is paid for, and handled.
  void on_message(Connection& connection, std::string_view text) override;
  /// The time for registering, or that of a grant, is over.
  void on_deadline(Connection& connection) override;
  /// Ends all that the session is part of, unless it may be resumed.
  void on_close(Connection& connection) override;
  /// Once the resumable sessions have gone to other nodes, or cannot.
  [[nodiscard]] bool may_end(const EventLoop& loop) override;

 private:
  Node& node_;
};

}  // namespace peer
