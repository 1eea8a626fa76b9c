#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <peer/sdk/host.h>

#include "core/base/mutex.h"
#include "core/plugin/plugin_calls.h"

namespace peer {

/// A counter of a plugin, as /metrics shows it.
struct PluginCounter {
  std::string name;
  std::string help;
  std::uint64_t value = 0;
};

/// The host of one plugin: its line in the log, its thread, its counters, its hooks.
///
/// For the plugin: see sdk::PluginHost. For the core, main thread: start(), reload(), stop(), in
/// that order; counters() on any thread. It outlives the plugin's object (PluginRecord), so that a
/// destructor may still log and count.
class CoreHost final : public sdk::PluginHost {
 public:
  /// `calls`: all that runs for the plugin goes through it; it outlives the host.
  explicit CoreHost(PluginCalls& calls) : calls_(calls) {}
  /// Waits for the task that runs; drops those that wait.
  ~CoreHost() override;
  CoreHost(const CoreHost&) = delete;
  CoreHost& operator=(const CoreHost&) = delete;

  /// Any thread. The line names the plugin.
  void log(sdk::LogLevel level, std::string_view text) noexcept override;
  [[nodiscard]] sdk::Instant now() const noexcept override;
  /// Runs the task on the plugin's own thread, behind those posted before. False: there are too
  /// many, or no thread can be had.
  bool post(std::function<void()> task) noexcept override;
  /// The counter of that name, which lives as long as the host. A name that will not do gets a
  /// counter that nobody sees.
  sdk::Counter& counter(std::string_view name, std::string_view help) noexcept override;
  void on_start(std::function<sdk::Result<void>()> task) override { start_ = std::move(task); }
  void on_reload(std::function<void()> task) override { reload_ = std::move(task); }
  void on_stop(std::function<void()> task) override { stop_ = std::move(task); }
  [[nodiscard]] sdk::Result<sdk::Value> parse_json(std::string_view text) const noexcept override;
  [[nodiscard]] bool takes_any_origin() const noexcept override { return takes_any_origin_; }
  [[nodiscard]] std::vector<std::string> option_names(std::string_view option) const override;
  /// Before the factory is called: the names in each map of the options, by its path.
  using OptionNames = std::map<std::string, std::vector<std::string>, std::less<>>;
  void set_option_names(OptionNames names) { option_names_ = std::move(names); }

  /// Why the plugin cannot start, if it cannot. `takes_any_origin`: what it is told from now on.
  [[nodiscard]] sdk::Result<void> start(bool takes_any_origin);
  /// Has the plugin's hook run as a task, behind those that wait: it may end after this returns.
  void reload();
  /// Calls the plugin's hook, if it was started, and returns when all its tasks have run.
  void stop();

  [[nodiscard]] std::vector<PluginCounter> counters() const PEER_EXCLUDES(mutex_);

 private:
  /// A counter with its text for /metrics. Nodes of a map stay where they are, so plugins keep
  /// references.
  struct NamedCounter {
    std::string help;
    sdk::Counter counter;
  };

  /// The thread of the plugin, until there is nothing to do and the host is closing.
  void run() PEER_EXCLUDES(mutex_);
  /// Waits for the next task. False: the thread is to end.
  [[nodiscard]] bool take_next(std::function<void()>& task) PEER_EXCLUDES(mutex_);
  /// With the first task: a plugin that posts none has no thread.
  bool start_its_thread() PEER_REQUIRES(mutex_);
  /// Lets the thread run what it has, and ends it.
  void join() PEER_EXCLUDES(mutex_);

  PluginCalls& calls_;
  OptionNames option_names_;
  std::function<sdk::Result<void>()> start_;
  std::function<void()> reload_;
  std::function<void()> stop_;
  bool started_ = false;
  bool takes_any_origin_ = false;  ///< as `started_`, written before anybody else may read it

  /// Never held while a task or a hook of the plugin runs.
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::thread thread_ PEER_GUARDED_BY(mutex_);
  std::deque<std::function<void()>> tasks_ PEER_GUARDED_BY(mutex_);
  bool closing_ PEER_GUARDED_BY(mutex_) = false;
  std::map<std::string, NamedCounter, std::less<>> counters_ PEER_GUARDED_BY(mutex_);
  sdk::Counter hidden_;  ///< of the names that will not do
};

}  // namespace peer
