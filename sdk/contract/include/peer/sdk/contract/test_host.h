#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <peer/sdk/host.h>

namespace peer::sdk::contract {

/// What a server offers a plugin (host.h), for a test: it remembers what was logged, and runs
/// on_start(), on_reload() and on_stop() when the test says so.
///
/// Threading: as PluginHost; start(), reload() and stop() are for the test's thread. It outlives
/// the plugin's object, as a server's host does.
class TestHost final : public PluginHost {
 public:
  TestHost() = default;
  ~TestHost() override;  ///< drops what waits
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  void log(LogLevel level, std::string_view text) noexcept override;
  [[nodiscard]] Instant now() const noexcept override;
  bool post(std::function<void()> task) noexcept override;
  Counter& counter(std::string_view name, std::string_view help) noexcept override;
  void on_start(std::function<Result<void>()> task) override { start_ = std::move(task); }
  void on_reload(std::function<void()> task) override { reload_ = std::move(task); }
  void on_stop(std::function<void()> task) override { stop_ = std::move(task); }
  [[nodiscard]] Result<Value> parse_json(std::string_view text) const noexcept override;
  [[nodiscard]] bool takes_any_origin() const noexcept override { return false; }
  /// The names of a map are sorted, since a test's options have no lines.
  [[nodiscard]] std::vector<std::string> option_names(std::string_view option) const override;

  /// For the test: what the server does at its start, on SIGHUP and at its end.
  /// An exception of a hook comes out of these; one of a task is logged as an error.
  [[nodiscard]] Result<void> start() { return start_ ? start_() : Result<void>(); }
  void reload();
  /// Returns when what was posted has run; post() refuses from then on.
  void stop();

  /// What was logged so far, each line behind its level: "warning: the file has gone".
  [[nodiscard]] std::vector<std::string> logged() const;
  /// How many tasks have been posted.
  [[nodiscard]] std::size_t posted() const { return posted_; }
  /// From now on now() is so far ahead of the time.
  void set_ahead(std::chrono::milliseconds time) { ahead_ = time.count(); }
  /// Before the factory: the names in each map of the options, by its path.
  void set_option_names(std::map<std::string, std::vector<std::string>, std::less<>> names) {
    option_names_ = std::move(names);
  }

 private:
  void run();
  void join();

  std::function<Result<void>()> start_;
  std::function<void()> reload_;
  std::function<void()> stop_;
  std::map<std::string, std::vector<std::string>, std::less<>> option_names_;
  std::atomic<std::size_t> posted_{0};
  std::atomic<std::int64_t> ahead_{0};  ///< milliseconds

  mutable std::mutex mutex_;  ///< of all that follows; not held while a task runs
  std::condition_variable changed_;
  std::vector<std::string> logged_;
  std::map<std::string, Counter, std::less<>> counters_;
  std::deque<std::function<void()>> tasks_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace peer::sdk::contract
