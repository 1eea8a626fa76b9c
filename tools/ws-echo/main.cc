// An echo server on the WebSocket layer of core/net, for conformance suites (tools/README.md).

#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>

#include "core/net/event_loop.h"
#include "core/net/listener.h"
#include "core/process/process.h"
#include "core/process/process_events.h"
#include "tools/ws-echo/echo_application.h"
#include "tools/ws-echo/options.h"

namespace {

using namespace peer;

constexpr milliseconds kShutdownTime{2'000};

int fail(const std::string& message) {
  std::cerr << "ws-echo: " << message << '\n';
  return EXIT_FAILURE;
}

void serve_until_stopped(EventLoop& loop, ProcessEvents& events) {
  std::thread thread([&loop] { loop.run(); });
  while (events.wait() == ProcessEvents::Event::kHangup) continue;
  // A loop is stopped on its own thread only.
  loop.post([&loop] {
    loop.stop(CloseCode::kGoingAway, "server shutting down", milliseconds(0),
              loop.now() + kShutdownTime);
  });
  thread.join();
}

int run(const ws_echo::Options& options) {
  auto& events = *new ProcessEvents;  // lives as long as the process
  if (const auto started = events.start(); !started) return fail(started.error().message);
  raise_descriptor_limit();
  ws_echo::EchoApplication application;
  EventLoop loop(0, options.net, application);
  if (!options.tls_cert.empty()) {
    const auto tls = TlsContext::load(options.tls_cert, options.tls_key);
    if (!tls) return fail(tls.error().message);
    loop.use_tls(*tls);
  }
  const sdk::Result<Listeners> listeners = listen_on(options.host, options.port, 1);
  if (!listeners) return fail(listeners.error().message);
  loop.listen({listeners->fds.front()});
  if (!options.port_file.empty()) {
    const sdk::Result<void> written = write_port_file(options.port_file, listeners->port);
    if (!written) return fail(written.error().message);
  }
  std::cout << "listening on " << options.host << ':' << listeners->port << std::endl;
  serve_until_stopped(loop, events);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const sdk::Result<ws_echo::Options> options = ws_echo::parse_options(argc, argv);
    if (!options) return fail(options.error().message);
    if (!options->help) return run(*options);
    std::cout << ws_echo::kUsage;
    return EXIT_SUCCESS;
  } catch (const std::exception& failure) {
    return fail(failure.what());
  }
}
