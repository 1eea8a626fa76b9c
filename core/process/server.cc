#include "core/process/server.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/address.h"
#include "core/base/cpu_count.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/net/listener.h"
#include "core/net/send_ring.h"
#include "core/session/parking.h"

// Loops, threads and plugins as one object, all on the main thread. In: the configuration, at the
// start and at each reload. Out: options for the loops (net_options_of: where keys of the
// configuration become those of the network), which running loops get as tasks, and the threads.
namespace peer {
namespace {

constexpr milliseconds kSweepInterval{60'000};

std::size_t loop_count(const Config& config) {
  constexpr std::size_t kMost = 255;  // SessionRef::loop has 8 bits
  if (config.loops != 0) return config.loops;
  // Once: a quota may change while the server runs, but the number of its loops cannot.
  static const std::size_t usable = std::min(usable_cores(), kMost);
  return usable;
}

NetOptions net_options_of(const Config& config, const Dialects& dialects) {
  NetOptions options;
  options.max_message_size = config.max_message_size;
  options.send_buffer_size = config.send_buffer_size;
  options.send_buffer_bytes = config.send_buffer_bytes != 0
                                  ? config.send_buffer_bytes
                                  : config.send_buffer_size * config.max_message_size;
  // Each loop has its share, so that no loop need know what the others hold.
  options.max_queued_bytes = config.max_queued_bytes / loop_count(config);
  options.write_timeout = config.write_timeout;
  options.read_timeout = config.read_timeout;
  options.ping_interval = config.ping_interval;
  options.pong_wait = config.pong_wait;
  options.compression = config.compression_enabled;
  options.websocket_path = config.path;
  options.compression_threshold = config.compression_threshold;
  for (const std::string& text : config.allowed_origins) {
    if (auto pattern = parse_origin_pattern(text)) options.allowed_origins.push_back(*pattern);
  }
  options.subprotocols = config.subprotocols;
  options.foreign_paths = dialects.upgrade_paths();
  return options;
}

/// What the loops have of shutdown_timeout: the rest is for the broker, the plugins and the log.
milliseconds time_to_close(const Config& config) {
  constexpr milliseconds kLongestRest{1000};
  const milliseconds after_spread = config.shutdown_timeout - config.shutdown_spread;
  return config.shutdown_timeout - std::min(kLongestRest, after_spread / 4);
}

/// Whether the loops may send by io_uring, each with a ring of its own when it runs. Says so in one
/// line.
sdk::Result<bool> may_use_io_uring(IoUring wish) {
  if (wish == IoUring::kOff) return false;
  const auto ring = SendRing::make();
  if (ring) {
    log_info("sends by io_uring");
    return true;
  }
  if (wish == IoUring::kOn) {
    return sdk::Error{"io_uring: " + ring.error().message + "; set it to auto or off"};
  }
  log_warning("sends without io_uring: " + ring.error().message);
  return false;
}

void sweep_left_buckets(Node& node, EventLoop& loop) {
  node.left_buckets.sweep(loop.now());
  loop.schedule(loop.now() + kSweepInterval, [&node, &loop] { sweep_left_buckets(node, loop); });
}

}  // namespace

Server::Server(const Config& config, LoadedPlugins plugins, const std::vector<Ban>& bans)
    : node_(config, std::move(plugins), loop_count(config)),
      dispatcher_(node_),
      host_(node_),
      auth_host_(node_) {
  const NetOptions options = net_options_of(node_.config(), dispatcher_.dialects());
  for (std::size_t i = 0; i < loop_count(config); ++i) {
    auto loop = std::make_unique<EventLoop>(static_cast<std::uint8_t>(i), options, dispatcher_);
    loop->use_admission(node_.admission);
    node_.add_loop(std::move(loop));
  }
  const std::int64_t now = node_.started_at.time_since_epoch().count();
  for (const Ban& ban : bans) node_.admission.bans().put(ban, now);
  // Where there are other nodes, they ask.
  if (config.admin_port != 0 || !config.bans_file.empty() || !config.webhooks.empty() ||
      !node_.others.none()) {
    admin_ = std::make_unique<AdminEndpoint>(node_);
  }
}

Server::~Server() { wait({}); }

std::string Server::identity() const {
  std::string text =
      "node " + node_.node_id + ", broker: " + node_.plugins.broker.record->info.label + ", auth: ";
  for (std::size_t i = 0; i < node_.plugins.auths.size(); ++i) {
    text += (i == 0 ? "" : ", ") + node_.plugins.auths[i].record->info.label;
  }
  return text;
}

sdk::Result<void> Server::listen() {
  const sdk::Result<bool> io_uring = may_use_io_uring(node_.config().io_uring);
  if (!io_uring) return io_uring.error();
  for (const auto& loop : node_.loops) loop->send_by_io_uring(*io_uring);
  sdk::Result<OpenListeners> listeners = open_listeners(node_.config(), node_.loops);
  if (!listeners) return listeners.error();
  listeners_ = std::move(*listeners);
  if (node_.config().metrics_enabled) {
    metrics_ = std::make_unique<MetricsEndpoint>(node_);
    const sdk::Result<std::uint16_t> port = metrics_->listen();
    if (!port) return port.error();
    log_info("metrics at http://" + with_port(metrics_host(node_.config()), *port) + "/metrics");
  }
  if (admin_ != nullptr) {
    const sdk::Result<std::string> place = admin_->listen();
    if (!place) return place.error();
    if (!place->empty()) log_info("server API at " + *place);
  }
  return {};
}

void Server::use_tls(const TlsContext::Ref& tls) {
  tls_ = tls;
  node_.certificate_ends = tls->certificate().ends.time_since_epoch().count();
  if (admin_ != nullptr) admin_->use_tls(tls);
  for (const auto& loop : node_.loops) {
    if (threads_.empty()) {
      loop->use_tls(tls);  // a loop's first round accepts before it hears what is posted
    } else {
      loop->post([&loop = *loop, tls] { loop.use_tls(tls); });
    }
  }
}

void Server::use_config(const Config& config) {
  node_.use_config(config);
  const NetOptions options = net_options_of(config, dispatcher_.dialects());
  for (const auto& loop : node_.loops) {
    loop->post([&loop = *loop, options] { loop.use_options(options); });
  }
  if (metrics_ != nullptr) metrics_->use_config(config);
  if (admin_ != nullptr) {
    admin_->use_config(config);
  } else if (!config.webhooks.empty()) {
    log_warning("webhooks: there was none when the server started: they need a restart");
  }
}

bool Server::loops_answer() {
  // A task that has not run since the last call is on a loop that hangs.
  if (unanswered_ != 0) return false;
  unanswered_ = node_.loops.size();
  for (const auto& loop : node_.loops) {
    loop->post([this] { --unanswered_; });
  }
  return true;
}

void Server::reload_plugins() {
  node_.reload_succeeded = true;
  node_.configured_at =
      std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
  node_.plugins.each([](PluginRecord& record) { record.host.reload(); });
}

sdk::Result<void> Server::start_plugins() {
  sdk::Result<void> started;
  const bool takes_any_origin = node_.config().allowed_origins.empty();
  node_.plugins.each([&](PluginRecord& record) {
    if (!started) return;
    const sdk::Result<void> result = record.host.start(takes_any_origin);
    if (result) return;
    started = sdk::Error{record.calls.title() + " failed to start: " + result.error().message};
  });
  if (!started) return started;
  if (auto dialects = dispatcher_.dialects().start(); !dialects) return dialects;
  broker_started_ =
      node_.broker_calls.run_unhurried("start", [&] { node_.plugins.broker->start(host_); });
  if (broker_started_) {
    auth_host_.start();
    return {};
  }
  return sdk::Error{"broker plugin '" + node_.broker_calls.name() +
                    "' failed to start; the log says why"};
}

sdk::Result<void> Server::run(int done_fd) {
  EventLoop& first = *node_.loops.front();
  first.post([this, &first] { sweep_left_buckets(node_, first); });
  running_ = node_.loops.size();
  if (metrics_ != nullptr) {
    if (const auto started = metrics_->run(); !started) return started;
  }
  if (admin_ != nullptr) {
    if (const auto started = admin_->run(); !started) return started;
  }
  for (const auto& loop : node_.loops) {
    auto thread = start_thread("an event loop", [this, &loop, done_fd] {
      loop->run();
      if (--running_ > 0) return;
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = ::write(done_fd, &one, sizeof one);
    });
    if (!thread) {
      stop_loops(milliseconds(0), milliseconds(0));
      return thread.error();
    }
    threads_.push_back(std::move(*thread));
  }
  return {};
}

void Server::drain() { node_.draining = true; }

void Server::stop() {
  node_.draining = true;
  node_.parking = parks_sessions(node_) && node_.resumes.resumable > 0;
  node_.stopping = true;
  if (node_.parking) {
    for (const auto& state : node_.loop_states) {
      state->loop->post([this, &home = *state] { begin_parking(node_, home); });
    }
  }
  listeners_.unix_socket.reset();  // its file, while the loops still accept
  stop_loops(node_.config().shutdown_spread, time_to_close(node_.config()));
}

void Server::stop_loops(milliseconds spread, milliseconds time) {
  for (const auto& loop : node_.loops) {
    loop->post([&loop = *loop, spread, time] {
      loop.stop(CloseCode::kGoingAway, "server shutting down", spread, loop.now() + time);
    });
  }
}

void Server::wait(const WaitingFor& waiting_for) {
  const auto next = [&](const std::string& what) {
    if (waiting_for) waiting_for(what);
  };
  next("the event loops");
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (node_.parking.exchange(false)) tell_unparked();
  next("the metrics");
  metrics_.reset();
  next("the server API");
  if (admin_ != nullptr) admin_->stop();
  stop_plugins(next);
}

void Server::tell_unparked() const {
  const auto tell = [](const char* what, std::uint64_t count) {
    if (count > 0) log_warning(what + std::to_string(count));
  };
  tell("sessions that did not fit resume_parked_bytes, and have ended: ", node_.resumes.not_parked);
  // The loops have come to their deadline.
  tell("sessions that were not parked within shutdown_timeout, and have ended: ",
       node_.resumes.resumable);
}

void Server::stop_plugins(const WaitingFor& next) {
  LoadedPlugins& plugins = node_.plugins;
  const std::string broker = node_.broker_calls.title();
  auth_host_.stop();
  if (std::exchange(broker_started_, false)) {
    next(broker + ": stop");
    node_.broker_calls.run_unhurried("stop", [&] { plugins.broker->stop(); });
  }
  plugins.each([&](PluginRecord& record) {
    next(record.calls.title() + ": its tasks");
    record.host.stop();
  });
  // These may have threads that still answer: they end while there are loops to answer to.
  next(broker + ": destructor");
  plugins.broker.object.reset();
  for (LoadedPlugin<sdk::Auth>& auth : plugins.auths) {
    next(auth.calls().title() + ": destructor");
    auth.object.reset();
  }
  for (LoadedPlugin<sdk::Dialect>& dialect : plugins.dialects) {
    next(dialect.calls().title() + ": destructor");
    dialect.object.reset();
  }
  std::string others;
  for (const auto& strategy : plugins.match_strategies) others += strategy.calls().title() + ", ";
  for (const auto& policy : plugins.room_policies) others += policy.calls().title() + ", ";
  next(others + "one of their destructors");
}

}  // namespace peer
