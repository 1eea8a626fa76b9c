#pragma once

#include <thread>

#include <peer/sdk/result.h>

#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// The address that the metrics are bound to.
[[nodiscard]] inline const std::string& metrics_host(const Config& config) {
  return config.metrics_host.empty() ? config.host : config.metrics_host;
}

/// /metrics on metrics_port, on a loop and thread of its own: however long an answer takes, no peer
/// waits for it. While it runs it measures the lag of the other loops, once a second.
/// Connections are judged by the node's limits by address, as on the port of the peers; there is
/// no TLS.
/// Main thread only.
class MetricsEndpoint final : private Application {
 public:
  /// `node` outlives this.
  explicit MetricsEndpoint(Node& node);
  ~MetricsEndpoint() override;

  /// Binds metrics_port on metrics_host and returns the port. The error names the key, and the
  /// address that is taken or missing. Before run().
  [[nodiscard]] sdk::Result<std::uint16_t> listen();
  /// Starts the thread. An error when the system gives none.
  [[nodiscard]] sdk::Result<void> run();
  /// Takes what a reload can change here: times and the bound of the queues.
  void use_config(const Config& config);
  /// Ends the thread, and with it all answers that are under way. More calls do nothing.
  void stop();

 private:
  [[nodiscard]] bool is_health_check(std::string_view path) const override {
    return path == "/metrics";
  }
  std::string on_http(const HttpRequest& request, bool loopback) override;
  void on_open(Connection&, HttpRequest&&) override {}
  void on_message(Connection&, std::string_view) override {}
  void on_deadline(Connection&) override {}
  void on_close(Connection&) override {}
  void measure_lag();

  Node& node_;
  EventLoop loop_;
  std::thread thread_;
};

}  // namespace peer
