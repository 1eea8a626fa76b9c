#include "core/http/metrics_endpoint.h"

#include <chrono>
#include <utility>

#include "core/base/thread.h"
#include "core/http/metrics.h"
#include "core/net/listener.h"

// /metrics on a loop and a thread of its own. In: requests of a Prometheus server; stop and reload
// from the main thread, as tasks of the loop. Out: the text of render_metrics(), and once a second
// a task for each other loop, which measures its lag.
namespace peer {
namespace {

constexpr milliseconds kLagInterval{1000};

NetOptions http_options(const Config& config) {
  NetOptions options;
  options.read_timeout = config.read_timeout;
  options.write_timeout = config.write_timeout;
  options.websocket_path = "none";  // paths begin with a slash
  options.send_buffer_bytes = config.max_queued_bytes;
  options.max_queued_bytes = config.max_queued_bytes;
  return options;
}

}  // namespace

// The number is behind those of all loops with peers (0 to 254), so nothing is ever delivered to
// this one.
MetricsEndpoint::MetricsEndpoint(Node& node)
    : node_(node), loop_(255, http_options(node.config()), *this) {
  loop_.use_admission(node.admission);
}

MetricsEndpoint::~MetricsEndpoint() { stop(); }

sdk::Result<std::uint16_t> MetricsEndpoint::listen() {
  const Config& config = node_.config();
  const sdk::Result<Listeners> listeners = listen_on(metrics_host(config), config.metrics_port, 1);
  if (!listeners) return sdk::Error{"metrics_port: " + listeners.error().message};
  loop_.listen({listeners->fds.front()});
  return listeners->port;
}

sdk::Result<void> MetricsEndpoint::run() {
  auto thread = start_thread("metrics", [this] { loop_.run(); });
  if (!thread) return thread.error();
  thread_ = std::move(*thread);
  loop_.post([this] { measure_lag(); });
  return {};
}

void MetricsEndpoint::use_config(const Config& config) {
  loop_.post([this, options = http_options(config)] { loop_.use_options(options); });
}

void MetricsEndpoint::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] { loop_.stop(CloseCode::kGoingAway, "", milliseconds(0), loop_.now()); });
  thread_.join();
}

// A task is posted to each loop and takes the time when it runs. That is what any task or mail
// waits there, with the wake-up.
void MetricsEndpoint::measure_lag() {
  using Clock = std::chrono::steady_clock;
  for (std::size_t i = 0; i < node_.loops.size(); ++i) {
    node_.loops[i]->post([&lag = node_.loop_states[i]->lag, posted = Clock::now()] {
      lag.observe(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - posted));
    });
  }
  loop_.schedule(loop_.now() + kLagInterval, [this] { measure_lag(); });
}

std::string MetricsEndpoint::on_http(const HttpRequest& request, bool) {
  HttpResponse response;
  if (request.path != "/metrics") {
    response = error_response(404);
  } else if (request.method != "GET" && request.method != "HEAD") {
    response = error_response(405);
    response.extra.emplace_back("Allow", "GET, HEAD");
  } else {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = render_metrics(node_);
  }
  response.keep_alive = request.keep_alive;
  response.head_only = request.method == "HEAD";
  return render_response(response);
}

}  // namespace peer
