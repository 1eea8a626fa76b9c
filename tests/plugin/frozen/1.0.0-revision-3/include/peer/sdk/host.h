#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/result.h>
#include <peer/sdk/types.h>
#include <peer/sdk/value.h>

namespace peer::sdk {

/// A number that only rises. In /metrics it is `peer_server_plugin_<name>_total` with the labels
/// `kind` and `name` of the plugin. Thread-safe, and as cheap as an atomic addition.
class Counter {
 public:
  void add(std::uint64_t count = 1) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

enum class LogLevel { kDebug, kInformation, kNotice, kWarning, kError };

/// What the core offers every plugin, of whatever kind: a factory that takes one as its second
/// argument gets it.
///
///   Result<std::unique_ptr<Auth>> make_mine(PluginConfig& config, PluginHost& host);
///
/// Ownership: the core's; it lives longer than the plugin's object, which may keep the reference.
/// Threading: thread-safe, does not throw and never blocks, but for the three on_...() functions:
/// those are for the factory.
class PluginHost {
 public:
  virtual ~PluginHost() = default;

  /// Writes one line to the server's log under the plugin's kind and name. Of a warning in the
  /// same words one in ten seconds is written, with a count; the text is cut at 200 bytes.
  virtual void log(LogLevel level, std::string_view text) noexcept = 0;
  void log_debug(std::string_view text) noexcept { log(LogLevel::kDebug, text); }
  void log_info(std::string_view text) noexcept { log(LogLevel::kInformation, text); }
  void log_notice(std::string_view text) noexcept { log(LogLevel::kNotice, text); }
  void log_warning(std::string_view text) noexcept { log(LogLevel::kWarning, text); }
  void log_error(std::string_view text) noexcept { log(LogLevel::kError, text); }

  [[nodiscard]] virtual Instant now() const noexcept = 0;

  /// Has the task run on a thread that the core keeps for this plugin alone, which the first call
  /// starts: there a plugin may block. Tasks run one after the other in the order of the calls; an
  /// exception ends its task, and is logged. Returns false, and drops the task, when kMostTasks
  /// wait already, when the server stops, and when the system has no thread to give.
  virtual bool post(std::function<void()> task) noexcept = 0;
  static constexpr std::size_t kMostTasks = 1024;

  /// The plugin's counter of that name: 1 to 64 of a-z, 0-9 and '_', without `_total`. `help` is
  /// its line in /metrics. The same name is the same counter. A name that will not do, and each
  /// beyond kMostCounters, gets a counter that counts and is not shown; the log says so.
  virtual Counter& counter(std::string_view name, std::string_view help) noexcept = 0;
  static constexpr std::size_t kMostCounters = 64;

  /// Has `task` called once, on the main thread, before the server listens to anybody; never for
  /// `--check-config` and `--list-plugins`. An error, or an exception, stops the start.
  virtual void on_start(std::function<Result<void>()> task) = 0;
  /// Has `task` called on the plugin's thread (see post()) after each reload (SIGHUP) that took
  /// effect. Options of plugins do not change with it; files that they name may have.
  virtual void on_reload(std::function<void()> task) = 0;
  /// Has `task` called once, on the main thread, after the last peer has gone: no call into the
  /// plugin's object follows, but its destructor. What was posted by then is run to its end before
  /// that; from now on post() refuses. Not called when on_start()'s task failed, or was not called.
  virtual void on_stop(std::function<void()> task) = 0;

  /// Reads a JSON text (RFC 8259) of at most 1 MiB, 64 containers deep, without duplicate keys.
  [[nodiscard]] virtual Result<Value> parse_json(std::string_view text) const noexcept = 0;

  // Since revision 2.

  /// Whether pages of any origin may connect: `allowed_origins` is empty. As it was at the start;
  /// not known, and false, before on_start().
  [[nodiscard]] virtual bool takes_any_origin() const noexcept = 0;
  /// The names in the map `option` of the plugin's options ("rules",
  /// "tls.ca"), in the order of their lines in the file, those of one line sorted; for the factory.
  [[nodiscard]] virtual std::vector<std::string> option_names(std::string_view option) const {
    (void)option;
    return {};
  }
};

}  // namespace peer::sdk
