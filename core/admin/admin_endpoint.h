#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <peer/sdk/result.h>

#include "core/admin/admin_call.h"
#include "core/admin/ban_sharing.h"
#include "core/admin/event_feed.h"
#include "core/admin/history_recorder.h"
#include "core/admin/node_talk.h"
#include "core/admin/webhook.h"
#include "core/limit/admission.h"
#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// The Server API (docs/api.md), on a loop and thread of its own: however long a request takes, no
/// peer waits for it. It may be there without a port, to keep bans in their file.
/// Main thread only.
class AdminEndpoint final : private Application {
 public:
  /// `node` outlives this.
  explicit AdminEndpoint(Node& node);
  ~AdminEndpoint() override;

  /// Binds admin_port on admin_host, unless that is 0, and returns where it listens, for the log.
  /// The error names the key. Before run().
  [[nodiscard]] sdk::Result<std::string> listen();
  /// Starts the thread. An error when the system gives none.
  [[nodiscard]] sdk::Result<void> run();
  /// New connections use this certificate, with admin_tls. At any time but after stop().
  void use_tls(const TlsContext::Ref& tls);
  /// Takes what a reload can change here: times. Tokens are read anew with each request.
  void use_config(const Config& config);
  /// Ends the thread, and with it all answers that are under way. More calls do nothing.
  void stop();

 private:
  std::string on_http(const HttpRequest&, bool) override { return {}; }
  std::string on_request(Connection& connection, const HttpRequest& request, bool) override;
  std::string judge_head(const HttpRequest& request) override;
  void on_open(Connection&, HttpRequest&&) override {}
  void on_message(Connection&, std::string_view) override {}
  void on_deadline(Connection&) override {}
  void on_close(Connection&) override {}

  /// A text of another node's API, on the loop: passed on to the part that it concerns.
  void hear(const std::string& from, NodeTalk::Kind kind, std::uint64_t number,
            std::string_view body);
  /// Ends those that are not among them any more, and begins new ones.
  void use_webhooks(const std::vector<Webhook>& webhooks);
  /// The whole answer where the head alone decides it: no token, no such path, the console's files.
  /// Empty: a handler answers. `token`: the request's, null without a good one.
  std::string judge(const HttpRequest& request, const AdminToken* token) const;
  /// False: they could not be written to `bans_file`.
  bool keep_bans();

  // While the loop runs, all but thread_ is its thread's.
  Node& node_;
  Admission admission_;  // of its own: who floods this port takes no place from peers
  EventLoop loop_;
  NodeTalk talk_;
  EventFeed feed_;
  BanSharing ban_sharing_;
  struct Receiver {
    Webhook settings;
    std::unique_ptr<WebhookSender> sender;
  };
  std::vector<Receiver> webhooks_;
  std::unique_ptr<HistoryRecorder> recorder_;  // null: no history is kept
  std::thread thread_;
};

}  // namespace peer
