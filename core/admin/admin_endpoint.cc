#include "core/admin/admin_endpoint.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/admin/bans_file.h"
#include "core/admin/console.h"
#include "core/admin/routes.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/net/listener.h"

// The port of the Server API. In: requests, on its own loop. Out: what needs no more than the head,
// before a byte of a body is read: refusals (401, 403, 404, 405, 413), and the files of the
// console; everything else from the handler that routes.cc names.
namespace peer {
namespace {

constexpr std::uint64_t kLargestBody = 1024 * 1024;
constexpr std::uint32_t kMostConnections = 256;
constexpr std::uint64_t kMostQueued = 16 * 1024 * 1024;  // bytes for one client

NetOptions options_of(const Config& config) {
  NetOptions options;
  options.read_timeout = config.read_timeout;
  options.write_timeout = config.write_timeout;
  options.websocket_path = "none";  // paths begin with a slash
  options.send_buffer_bytes = kMostQueued;
  options.max_queued_bytes = config.max_queued_bytes;
  options.max_body = kLargestBody;
  return options;
}

AdmissionLimits limits() {
  AdmissionLimits limits;
  limits.max_connections_per_ip = kMostConnections / 2;
  limits.max_unregistered = kMostConnections;
  limits.max_unregistered_per_ip = 0;
  return limits;
}

}  // namespace

// The number is one that no loop with peers has.
AdminEndpoint::AdminEndpoint(Node& node)
    : node_(node),
      admission_(limits()),
      loop_(255, options_of(node.config()), *this),
      talk_(node, loop_,
            [this](const std::string& from, NodeTalk::Kind kind, std::uint64_t number,
                   std::string_view body) { hear(from, kind, number, body); }),
      feed_(node, loop_, talk_),
      ban_sharing_(node, loop_, talk_) {
  loop_.use_admission(admission_);
  const Config& config = node.config();
  if (config.admin_port != 0 && config.admin_history.count() != 0) {
    recorder_ = std::make_unique<HistoryRecorder>(node);
  }
  node_.on_bans_changed = [this] {
    // An answer to a ban is sent when the ban is on the disk.
    if (EventLoop::current() == &loop_) return keep_bans();
    loop_.post([this] { keep_bans(); });
    return true;
  };
  node_.on_api_talk = [this](std::string_view from, std::string_view text) {
    talk_.hear(from, text);
  };
}

void AdminEndpoint::hear(const std::string& from, NodeTalk::Kind kind, std::uint64_t number,
                         std::string_view body) {
  switch (kind) {
    case NodeTalk::Kind::kBans:
      return ban_sharing_.take_list(body);
    case NodeTalk::Kind::kBansDigest:
      return ban_sharing_.take_digest(from, number);
    case NodeTalk::Kind::kWatch:
      return feed_.watch(from, number);
    case NodeTalk::Kind::kEvents:
      return feed_.take_from(from, number, body);
    case NodeTalk::Kind::kQuestion:
    case NodeTalk::Kind::kAnswer:
      return;  // those it keeps
  }
}

AdminEndpoint::~AdminEndpoint() { stop(); }

sdk::Result<std::string> AdminEndpoint::listen() {
  const Config& config = node_.config();
  if (config.admin_port == 0) return std::string();
  const sdk::Result<Listeners> listeners = listen_on(config.admin_host, config.admin_port, 1);
  if (!listeners) return sdk::Error{"admin_port: " + listeners.error().message};
  loop_.listen({listeners->fds.front()});
  return (config.admin_tls ? "https://" : "http://") +
         with_port(config.admin_host, listeners->port) + "/";
}

sdk::Result<void> AdminEndpoint::run() {
  use_webhooks(node_.config().webhooks);
  if (!node_.others.none()) loop_.post([this] { ban_sharing_.start(); });
  auto thread = start_thread("the server API", [this] { loop_.run(); });
  if (!thread) return thread.error();
  thread_ = std::move(*thread);
  if (recorder_ != nullptr) loop_.post([this] { recorder_->start(loop_); });
  return {};
}

void AdminEndpoint::use_tls(const TlsContext::Ref& tls) {
  if (!node_.config().admin_tls) return;
  if (!thread_.joinable()) return loop_.use_tls(tls);
  loop_.post([this, tls] { loop_.use_tls(tls); });
}

void AdminEndpoint::use_config(const Config& config) {
  loop_.post([this, options = options_of(config), webhooks = config.webhooks] {
    loop_.use_options(options);
    use_webhooks(webhooks);
  });
}

void AdminEndpoint::use_webhooks(const std::vector<Webhook>& webhooks) {
  std::vector<Receiver> before = std::exchange(webhooks_, {});
  for (const Webhook& settings : webhooks) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const Receiver& receiver) {
      return receiver.sender != nullptr && receiver.settings.url == settings.url &&
             receiver.settings.events == settings.events;
    });
    if (same == before.end()) {
      webhooks_.push_back(
          {settings, std::make_unique<WebhookSender>(settings, node_.node_id, node_.api_counts)});
      continue;
    }
    same->sender->use_secrets(settings.secrets);
    webhooks_.push_back({settings, std::move(same->sender)});
  }
  std::vector<WebhookSender*> senders;
  for (const Receiver& receiver : webhooks_) senders.push_back(receiver.sender.get());
  feed_.use_webhooks(std::move(senders));
}

void AdminEndpoint::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    feed_.take();  // the last peers have gone
    loop_.stop(CloseCode::kGoingAway, "", milliseconds(0), loop_.now());
  });
  thread_.join();
  // One after the other, but all of them are told first.
  constexpr milliseconds kLastWord{500};
  const Time until = steady_now() + kLastWord;
  for (const Receiver& receiver : webhooks_) receiver.sender->hurry();
  for (const Receiver& receiver : webhooks_) {
    receiver.sender->stop(std::max(until - steady_now(), milliseconds(0)));
  }
}

bool AdminEndpoint::keep_bans() {
  const std::string& file = node_.config().bans_file;
  if (file.empty()) return true;
  const auto bans = node_.admission.bans().all(loop_.wall().time_since_epoch().count());
  const auto written = write_bans_file(file, bans);
  if (written) return true;
  log_error("bans_file: " + written.error().message + "; the bans hold until the server ends");
  return false;
}

std::string AdminEndpoint::judge(const HttpRequest& request, const AdminToken* token) const {
  const bool head_only = request.method == "HEAD";
  const auto refuse = [&](int status, std::string_view message, HttpHeaders extra = {}) {
    node_.api_counts->note_answer(status);
    return admin_refusal(status, message, request.keep_alive, head_only, std::move(extra));
  };
  const auto target = parse_target(request);
  const bool is_api = target && !target->path.empty() && target->path.front() == "v1";
  if (target && !is_api) {
    std::string page = answer_console(request);
    return page.empty() ? refuse(404, {}) : page;
  }
  if (token == nullptr) {
    return refuse(401, "no valid token", {{"WWW-Authenticate", "Bearer"}});
  }
  if (!target) return refuse(400, "the path or the query is not percent-encoded UTF-8");
  std::string allowed;
  const AdminRoute* route = find_route(request.method, *target, allowed);
  if (route == nullptr && allowed.empty()) return refuse(404, {});
  if (route == nullptr) return refuse(405, {}, {{"Allow", allowed}});
  if (token->role != AdminRole::kWrite && route->method != "GET") {
    return refuse(403, "this token may only read");
  }
  if (request.is_chunked) return refuse(411, {});
  if (request.body_size > kLargestBody) return refuse(413, "the body is larger than 1 MiB");
  return {};
}

std::string AdminEndpoint::judge_head(const HttpRequest& request) {
  HttpRequest last = request;
  last.keep_alive = false;  // a body that is not read would be taken for the next request
  return judge(last, find_token(node_.config(), last));
}

std::string AdminEndpoint::on_request(Connection& connection, const HttpRequest& request, bool) {
  // Once: a reload may take the token away at any time.
  const AdminToken* token = find_token(node_.config(), request);
  std::string refusal = judge(request, token);
  if (!refusal.empty()) return refusal;
  const auto target = parse_target(request);
  std::string allowed;
  const AdminRoute* route = find_route(request.method, *target, allowed);
  AdminCall call{node_,
                 loop_,
                 connection.ref(),
                 request.keep_alive,
                 request.method == "HEAD",
                 token->name,
                 token->role,
                 feed_,
                 talk_};
  // As a task: an answer that comes at once must not overtake the pause of its connection.
  loop_.post([call = std::move(call), target = *target, body = request.body,
              handler = route->handler] { handler(call, target, body); });
  return {};
}

}  // namespace peer
