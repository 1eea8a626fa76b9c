#pragma once

#include <string>
#include <string_view>

#include "core/dialect/dialects.h"
#include "core/dispatch/dispatcher.h"

namespace peer {

/// What the event loops serve: what comes at a dialect's path goes to that, the rest is the
/// Dispatcher's. Once it is open, a client of a dialect is like any other: its session translates,
/// and messages, deadlines and the end are the Dispatcher's. Stateless but for the Node and the
/// dialects; loop threads.
class DialectDispatcher final : public Dispatcher {
 public:
  explicit DialectDispatcher(Node& node) : Dispatcher(node), dialects_(node) {}

  std::string on_request(Connection& connection, const HttpRequest& request,
                         bool loopback) override;
  std::string refusal(Connection& connection, const HttpRequest& request, Refusal reason,
                      int status, std::string_view why) override;
  void on_open(Connection& connection, HttpRequest&& request) override;
  /// For the start, on the main thread, and for the paths that the loops are to know.
  [[nodiscard]] Dialects& dialects() { return dialects_; }

 private:
  Dialects dialects_;
};

}  // namespace peer
