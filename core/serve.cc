#include "core/serve.h"

#include <Poco/AsyncChannel.h>
#include <Poco/AutoPtr.h>
#include <Poco/ConsoleChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/PatternFormatter.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "core/base/log.h"
#include "core/net/tls.h"
#include "core/process.h"
#include "core/server.h"

namespace peer {
namespace {

// Lines to stderr, written by a thread of their own: a loop never waits for a terminal. Closing
// the channel, when the server has ended, writes what is left.
class Log {
 public:
  explicit Log(const std::string& level) {
    const Poco::AutoPtr<Poco::PatternFormatter> format(
        new Poco::PatternFormatter("%Y-%m-%dT%H:%M:%S.%iZ %p: %t"));
    const Poco::AutoPtr<Poco::ConsoleChannel> console(new Poco::ConsoleChannel(std::cerr));
    const Poco::AutoPtr<Poco::FormattingChannel> lines(
        new Poco::FormattingChannel(format, console));
    channel_ = new Poco::AsyncChannel(lines);
    channel_->open();
    Poco::Logger::root().setChannel(channel_);
    Poco::Logger::root().setLevel(level);
  }
  ~Log() { channel_->close(); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

 private:
  Poco::AutoPtr<Poco::AsyncChannel> channel_;
};

int fail(const sdk::Error& error) {
  log_error(error.message);
  return EXIT_FAILURE;
}

// A second signal ends the process at once.
void exit_now() {
  log_warning("second signal: exiting at once");
  ::_exit(EXIT_SUCCESS);
}

// SIGHUP: a new certificate, for new connections. One that cannot be used changes nothing.
void reload(Server& server, const Config& config) {
  if (config.tls_cert.empty()) {
    return log_info("SIGHUP: nothing to reload; restart to change the configuration");
  }
  const auto tls = TlsContext::load(config.tls_cert, config.tls_key);
  if (!tls) return log_error("SIGHUP: the old certificate stays: " + tls.error().message);
  server.use_tls(*tls);
  log_info("SIGHUP: new connections get the certificate in '" + config.tls_cert + "'");
}

void wait_for_stop_request(ProcessEvents& events, Server& server, const Config& config) {
  while (events.wait() != ProcessEvents::Event::kStopRequested) reload(server, config);
}

void shut_down(Server& server, ProcessEvents& events, milliseconds drain_delay) {
  using Event = ProcessEvents::Event;
  if (drain_delay.count() > 0) {
    log_info("draining for " + std::to_string(drain_delay.count()) + " ms");
    server.drain();
    if (events.wait(drain_delay) == Event::kStopRequested) exit_now();
  }
  log_info("shutting down");
  server.stop();
  for (Event event = events.wait(); event != Event::kLoopsEnded; event = events.wait()) {
    if (event == Event::kStopRequested) exit_now();
  }
  server.wait();
  log_info("stopped");
}

void warn_of_descriptors(const Config& config) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  if (config.max_peers <= descriptors) return;
  log_warning("max_peers is " + std::to_string(config.max_peers) + ", but only " +
              std::to_string(descriptors) +
              " file descriptors are allowed: raise the limit (ulimit -n) or lower max_peers");
}

void warn_of_origins(const Config& config) {
  if (!config.allowed_origins.empty()) return;
  log_warning("allowed_origins is empty: pages of every web site may connect");
}

}  // namespace

int serve(const Config& config, Prepared prepared) {
  keep_freed_memory();
  ProcessEvents events;
  const Log log(config.log_level);
  warn_of_descriptors(config);
  warn_of_origins(config);
  Server server(config, std::move(prepared.plugins));
  const sdk::Result<std::uint16_t> port = server.listen();
  if (!port) return fail(port.error());
  if (prepared.tls != nullptr) server.use_tls(prepared.tls);
  if (const auto started = server.run(events.done_fd()); !started) return fail(started.error());
  log_info("listening on " + config.host + ":" + std::to_string(*port) +
           (prepared.tls == nullptr ? "" : ", TLS"));
  if (!config.port_file.empty()) {
    const sdk::Result<void> written = write_port_file(config.port_file, *port);
    if (!written) log_error(written.error().message);
  }
  wait_for_stop_request(events, server, config);
  shut_down(server, events, config.drain_delay);
  return EXIT_SUCCESS;
}

}  // namespace peer
