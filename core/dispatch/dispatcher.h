#pragma once

#include <string>
#include <string_view>

#include "core/dispatch/node.h"
#include "core/net/event_loop.h"

namespace peer {

/// What the event loops serve: WebSocket messages go to the handler of their type (handlers.h),
/// other requests to the HTTP endpoints. Stateless but for the Node; loop threads.
class Dispatcher final : public Application {
 public:
  explicit Dispatcher(Node& node) : node_(node) {}

  [[nodiscard]] bool is_health_check(std::string_view path) const override;
  std::string on_http(const HttpRequest& request, bool loopback) override;
  void on_open(Connection& connection, const HttpRequest& request) override;
  void on_message(Connection& connection, std::string_view text) override;
  void on_deadline(Connection& connection) override;
  void on_close(Connection& connection) override;

 private:
  Node& node_;
};

}  // namespace peer
