#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <peer/sdk/result.h>

#include "core/admin/admin_endpoint.h"
#include "core/config/config.h"
#include "core/dialect/dialect_dispatcher.h"
#include "core/dispatch/node_host.h"
#include "core/http/metrics_endpoint.h"
#include "core/process/open_listeners.h"
#include "core/server/node.h"
#include "core/session/auth_host.h"

namespace peer {

/// One server process: the node, its loops and their threads.
/// Main thread only. Order: listen(), start_plugins(), run(), drain() if wanted, stop(), wait().
class Server final {
 public:
  /// `bans`: of bans_file.
  Server(const Config& config, LoadedPlugins plugins, const std::vector<Ban>& bans = {});
  ~Server();

  /// For the log: "node 81bd28cb13e77d7c, broker: redis, auth: jwt, open".
  [[nodiscard]] std::string identity() const;
  /// Opens what clients connect to, and the port of the metrics.
  [[nodiscard]] sdk::Result<void> listen();
  /// Where clients connect, and the TCP port, 0 if there is none. After listen().
  [[nodiscard]] const OpenListeners& listeners() const { return listeners_; }
  /// New connections speak TLS with this certificate. At any time but after stop().
  void use_tls(const TlsContext::Ref& tls);
  /// The certificate of new connections; null: none, they are plain.
  [[nodiscard]] const TlsContext::Ref& tls() const { return tls_; }
  [[nodiscard]] const LoadedPlugins& plugins() const { return node_.plugins; }
  /// Applies what a reload can change. It holds for running connections, too. At any time but after
  /// stop().
  void use_config(const Config& config);
  /// The last reload changed nothing, because of mistakes.
  void reload_failed() { node_.reload_succeeded = false; }
  /// Tells the plugins of a reload that took effect.
  void reload_plugins();
  /// What plugins have to start, and the broker.
  [[nodiscard]] sdk::Result<void> start_plugins();
  /// Starts the loops, and returns. `done_fd`: an eventfd that is written when the last loop has
  /// ended. When the system has no thread for one of them, those that were started end.
  [[nodiscard]] sdk::Result<void> run(int done_fd);
  [[nodiscard]] std::size_t loops() const { return node_.loops.size(); }
  /// Whether every loop has done a round since the last call: one that hangs has not.
  [[nodiscard]] bool loops_answer();
  /// /health and /ready say 503 from now on (docs/protocol.md, "Closing").
  void drain();
  /// No new connections; every peer gets its queued messages and close 1001, one after
  /// the other over shutdown_spread. The loops end in time
  /// for the rest of shutdown_timeout to stop the broker and to write the log.
  void stop();
  /// Joins the loops and stops the plugins. `waiting_for` hears before each step what may hang.
  using WaitingFor = std::function<void(const std::string& what)>;
  void wait(const WaitingFor& waiting_for);

 private:
  void stop_loops(milliseconds spread, milliseconds time);
  void tell_unparked() const;
  void stop_plugins(const WaitingFor& next);

  Node node_;
  DialectDispatcher dispatcher_;
  NodeHost host_;
  AuthPluginHost auth_host_;
  OpenListeners listeners_;
  std::unique_ptr<MetricsEndpoint> metrics_;  // null: metrics_enabled is false
  std::unique_ptr<AdminEndpoint> admin_;      // null: nobody needs it
  TlsContext::Ref tls_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> running_{0};
  std::atomic<std::size_t> unanswered_{0};  // of the rounds that loops_answer() has asked for
  bool broker_started_ = false;
};

}  // namespace peer
