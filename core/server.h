#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <peer/sdk/result.h>

#include "core/config/config.h"
#include "core/dispatch/dispatcher.h"
#include "core/dispatch/node.h"
#include "core/dispatch/node_host.h"
#include "core/http/metrics_endpoint.h"

namespace peer {

/// One server process: the node, its loops and their threads.
/// Main thread only. Order: listen(), run(), drain() if wanted, stop(), wait().
class Server final {
 public:
  Server(const Config& config, LoadedPlugins plugins);
  ~Server();

  /// Binds the port, and that of the metrics, and checks what plugins can only say once they live.
  [[nodiscard]] sdk::Result<std::uint16_t> listen();
  /// New connections speak TLS with this certificate. At any time but after stop().
  void use_tls(const TlsContext::Ref& tls);
  /// What a reload can change of a running server; running connections go on by it. At any time but
  /// after stop().
  void use_config(const Config& config);
  /// Starts the broker and the loops, and returns. `done_fd`: an eventfd that is written when the
  /// last loop has ended.
  [[nodiscard]] sdk::Result<void> run(int done_fd);
  /// Whether every loop has done a round since the last call: one that hangs has not.
  [[nodiscard]] bool loops_answer();
  /// /health and /ready say 503 from now on (protocol.md A, shutdown).
  void drain();
  /// No new connections; every peer gets its queued messages and close 1001. The loops end within
  /// `shutdown_timeout`.
  void stop();
  /// Joins the loops and stops the broker.
  void wait();

 private:
  Node node_;
  Dispatcher dispatcher_;
  NodeHost host_;
  std::unique_ptr<MetricsEndpoint> metrics_;  // null: metrics_enabled is false
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> running_{0};
  std::atomic<std::size_t> unanswered_{0};  // of the rounds that loops_answer() has asked for
  bool broker_started_ = false;
};

}  // namespace peer
