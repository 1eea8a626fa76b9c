#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/net/event_loop.h"
#include "core/net/listener.h"
#include "tests/support/deadline.h"
#include "tests/support/ws_client.h"

namespace peer::test {

/// What happened on the loops, for a test that waits for it. Thread-safe.
class EventLog {
 public:
  void add(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  /// Waits until there are that many events, and returns all; throws at the deadline.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    const milliseconds left(Deadline().milliseconds_left());
    if (!changed_.wait_for(lock, left, [&] { return events_.size() >= count; })) {
      throw std::runtime_error("only " + std::to_string(events_.size()) + " events");
    }
    return events_;
  }
  std::vector<std::string> so_far() {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
};

/// Answers each message with its own text, unless a hook says otherwise. Hooks are set before the
/// loop runs, and are called on its thread.
class TestApplication final : public Application {
 public:
  std::function<void(Connection&, std::string_view)> on_text =
      [](Connection& connection, std::string_view text) { connection.reply(text_frame(text)); };
  std::function<std::unique_ptr<ApplicationSession>(Connection&)> make_context = [](Connection&) {
    return std::make_unique<ApplicationSession>();
  };
  std::function<void(Connection&)> on_due = [](Connection&) {};
  EventLog opened;  ///< "slot/generation"
  EventLog closed;  ///< the same

  std::string on_http(const HttpRequest&, bool) override {
    return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  }
  void on_open(Connection& connection, HttpRequest&&) override {
    connection.session = make_context(connection);
    opened.add(name_of(connection));
  }
  void on_message(Connection& connection, std::string_view text) override {
    on_text(connection, text);
  }
  void on_deadline(Connection& connection) override { on_due(connection); }
  void on_close(Connection& connection) override { closed.add(name_of(connection)); }

  static std::string name_of(const Connection& connection) {
    return std::to_string(connection.ref().slot) + "/" +
           std::to_string(connection.ref().generation);
  }
};

/// An event loop on a thread and a port of its own. start() begins; the end of its life stops it.
class RunningLoop {
 public:
  explicit RunningLoop(Application& application, const NetOptions& options = {},
                       std::uint8_t index = 0)
      : loop_(index, options, application) {
    loop_.send_by_io_uring(std::getenv("PEER_TEST_IO_URING") != nullptr);
    const sdk::Result<Listeners> listeners = listen_on("127.0.0.1", 0, 1);
    if (!listeners) throw std::runtime_error(listeners.error().message);
    port_ = listeners->port;
    loop_.listen({listeners->fds[0]});
  }
  ~RunningLoop() {
    stop(steady_now() + std::chrono::seconds(10));
    join();
  }

  void start() {
    thread_ = std::thread([this] { loop_.run(); });
  }
  void stop(Time deadline) {
    loop_.post(
        [this, deadline] { loop_.stop(CloseCode::kGoingAway, "bye", milliseconds(0), deadline); });
  }
  /// Waits for the end of run().
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  /// Runs `task` on the loop and returns what it returned; what it threw comes out here.
  template <typename Task>
  auto on_loop(Task task) {
    std::packaged_task<std::invoke_result_t<Task>()> packaged(std::move(task));
    auto result = packaged.get_future();
    loop_.post(std::function<void()>([&packaged] { packaged(); }));
    return result.get();
  }

  EventLoop& loop() { return loop_; }
  std::uint16_t port() const { return port_; }

 private:
  EventLoop loop_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace peer::test
