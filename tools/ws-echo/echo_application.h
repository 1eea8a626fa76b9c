#pragma once

#include <string>
#include <string_view>

#include "core/net/event_loop.h"

namespace peer::ws_echo {

/// Sends every message back, unchanged. An echo is never dropped: a client that does not read its
/// echoes is not read either. Stateless; loop threads.
///
/// It gives a connection no context, so on_close() is never called.
class EchoApplication final : public Application {
 public:
  std::string on_http(const HttpRequest& request, bool loopback) override;
  void on_open(Connection& connection, HttpRequest&& request) override;
  void on_message(Connection& connection, std::string_view text) override;
  void on_binary(Connection& connection, std::string_view bytes) override;
  void on_deadline(Connection& connection) override;
  void on_close(Connection& connection) override;
};

}  // namespace peer::ws_echo
