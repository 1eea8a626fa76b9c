#include "core/process/serve.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "core/base/log.h"
#include "core/log/log_output.h"
#include "core/net/certificate_watch.h"
#include "core/process/process.h"
#include "core/process/reload.h"
#include "core/process/server.h"
#include "core/process/service_manager.h"

// The life of a server process, on the main thread. In: a checked configuration, loaded plugins,
// the events of ProcessEvents (signals, loops that have ended). Out: a running Server, log lines,
// messages to the service manager, the exit code. The order of the start: sockets, broker, loops;
// of the end: drain, loops, broker, plugins, log.
namespace peer {
namespace {

using Event = ProcessEvents::Event;

/// The main thread's work while the loops serve.
class Supervisor {
 public:
  Supervisor(ProcessEvents& events, Server& server, LogOutput& log, const CommandLine& command_line,
             Config& config)
      : events_(events), server_(server), log_(log), command_line_(command_line), config_(config) {}

  void wait_for_stop_request() {
    look_at_certificate();
    while (obey(events_.wait(tick_))) continue;
  }

  void shut_down() {
    notify_service_manager("STOPPING=1");
    drain();
    log_notice("shutting down; a second signal ends the process at once");
    events_.end_within(config_.shutdown_timeout, EXIT_SUCCESS);
    server_.stop();
    events_.waiting_for("the event loops");
    while (events_.wait() != Event::kLoopsEnded) continue;
    server_.wait([this](const std::string& what) { events_.waiting_for(what); });
    log_notice("stopped");
  }

 private:
  /// False: somebody wants the server to stop.
  bool obey(Event event) {
    switch (event) {
      case Event::kStopRequested:
        return false;
      case Event::kHangup:
        notify_reloading();
        reload(server_, command_line_, config_);
        events_.use_longest_stop(longest_stop(config_));
        look_at_certificate();
        notify_service_manager("READY=1");
        break;
      case Event::kReopenLog:
        reopen_log();
        break;
      case Event::kTimeout:
        tick();
        break;
      case Event::kLoopsEnded:
        break;
    }
    return true;
  }

  // It may last for hours, so the watchdog, the log and a reload are served as before.
  void drain() {
    const milliseconds drain_delay = config_.drain_delay;
    if (drain_delay.count() == 0) return;
    log_info("draining for " + std::to_string(drain_delay.count()) + " ms");
    events_.end_within(drain_delay + config_.shutdown_timeout, EXIT_SUCCESS);
    server_.drain();
    const Time end = steady_now() + drain_delay;
    for (Time now = steady_now(); now < end; now = steady_now()) {
      obey(events_.wait(std::min(tick_, end - now)));
    }
  }

  void reopen_log() {
    if (const auto reopened = log_.reopen(); !reopened) {
      return log_error("SIGUSR1: the old file stays: " + reopened.error().message);
    }
    log_info("SIGUSR1: the log is open anew");
  }

  void look_at_certificate() {
    for (const std::string& line : certificate_.look(server_.tls(), calendar_now())) {
      log_warning(line);
    }
  }

  // A loop that hangs ends the messages to the watchdog, and with them the process.
  void tick() {
    log_.sum_up();
    look_at_certificate();
    if (watchdog_ && server_.loops_answer()) notify_service_manager("WATCHDOG=1");
  }

  ProcessEvents& events_;
  Server& server_;
  LogOutput& log_;
  const CommandLine& command_line_;
  Config& config_;
  CertificateWatch certificate_;
  const std::optional<milliseconds> watchdog_ = watchdog_interval();
  const milliseconds tick_ =
      std::clamp(watchdog_.value_or(milliseconds(10'000)) / 3, milliseconds(1), milliseconds(3000));
};

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

void tell_port(const Config& config, std::uint16_t port) {
  if (config.port_file.empty()) return;
  const sdk::Result<void> written = write_port_file(config.port_file, port);
  if (!written) log_error(written.error().message);
}

/// The life of a server that has a log. Returns the exit code.
int serve_and_log(ProcessEvents& events, LogOutput& log, const CommandLine& command_line,
                  Config& config, Prepared prepared, const std::function<void()>& on_listening) {
  warn_of_descriptors(config);
  warn_of_origins(config);
  Server server(config, std::move(prepared.plugins), prepared.bans);
  const auto fails = [&](const sdk::Error& error, int exit_code) {
    log_error(error.message);
    events.end_within(config.shutdown_timeout, exit_code);
    server.wait([&](const std::string& what) { events.waiting_for(what); });
    return exit_code;
  };
  if (const auto listening = server.listen(); !listening) {
    return fails(listening.error(), EXIT_FAILURE);
  }
  if (prepared.tls != nullptr) server.use_tls(prepared.tls);
  if (const auto started = server.start_plugins(); !started) {
    return fails(started.error(), EXIT_FAILURE);
  }
  if (const auto started = server.run(events.done_fd()); !started) {
    return fails(started.error(), kExitSystem);
  }
  log_info("event loops: " + std::to_string(server.loops()));
  for (const std::string& name : server.listeners().names) log_info("listening on " + name);
  log_notice("started, version " PEER_SERVER_VERSION ", " + server.identity());
  // After the loops have started: a reader of the file may connect at once.
  tell_port(config, server.listeners().port);
  on_listening();
  notify_service_manager("READY=1");
  Supervisor supervisor(events, server, log, command_line, config);
  supervisor.wait_for_stop_request();
  supervisor.shut_down();
  return EXIT_SUCCESS;
}

}  // namespace

milliseconds longest_stop(const Config& config) {
  return config.drain_delay + config.shutdown_timeout;
}

int serve(ProcessEvents& events, const CommandLine& command_line, Config config, Prepared prepared,
          const std::function<void()>& on_listening) {
  // Destroyed after the server and its plugins: their destructors may log.
  LogOutput log(config);
  const auto opened = log.reopen();
  int exit_code = kExitSystem;
  if (const auto started = log.start(); !started) {
    write_log_line(config, started.error().message);
  } else if (!opened) {
    log_error(opened.error().message);
    exit_code = EXIT_FAILURE;
  } else {
    try {
      exit_code =
          serve_and_log(events, log, command_line, config, std::move(prepared), on_listening);
    } catch (const std::exception& failure) {  // no descriptors for a loop, no memory
      log_error(std::string("ending: ") + failure.what());
    }
  }
  events.end_within(config.shutdown_timeout, exit_code);
  events.log_closes();
  return exit_code;
}

}  // namespace peer
