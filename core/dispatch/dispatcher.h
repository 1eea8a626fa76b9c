#pragma once

#include <string>
#include <string_view>

#include "core/dispatch/dialects.h"
#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// What the event loops serve: WebSocket messages go to the handler of their type (handlers.h),
/// other requests to the HTTP endpoints; what comes at a dialect's path goes to that. Stateless but
/// for the Node and the dialects; loop threads.
class Dispatcher final : public Application {
 public:
  explicit Dispatcher(Node& node);

  /// Whether a request for this path is answered beyond the limits of connections.
  [[nodiscard]] bool is_health_check(std::string_view path) const override;
  std::string on_http(const HttpRequest& request, bool loopback) override;
  /// The same, or a dialect's.
  std::string on_request(Connection& connection, const HttpRequest& request,
                         bool loopback) override;
  std::string refusal(Connection& connection, const HttpRequest& request, Refusal reason,
                      int status, std::string_view why) override;
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
  [[nodiscard]] Dialects& dialects() { return dialects_; }

 private:
  Node& node_;
  Dialects dialects_;
};

}  // namespace peer
