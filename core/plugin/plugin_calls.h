#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace peer {

/// What has become of the calls into one plugin since the start, for /stats and metrics.
struct PluginCallCounts {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;  ///< calls that threw, or were answered wrongly or not at all
  std::uint64_t slow = 0;    ///< calls that took longer than the budget
};

/// The text of a plugin, which may hold what a client sent: at most 200 bytes, and one line.
[[nodiscard]] std::string one_line(std::string_view text);

/// All calls of the core into one plugin go through here: nothing that a plugin throws gets any
/// further, and one that throws or dawdles is named in the log. Of repeated failures one line in
/// ten seconds is written, which says how many there were.
///
/// It measures, and interrupts nothing: a call that never returns holds up its thread for ever.
/// Where a plugin answers later through a callback, it sees the call alone; ask() bounds the wait.
///
/// Thread-safe; calls run side by side.
class PluginCalls {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = Clock::time_point (*)();

  /// `kind`, `name`: as in PluginInfo (its label). `budget`: a longer call is reported. `now`: for
  /// tests.
  PluginCalls(std::string kind, std::string name,
              Clock::duration budget = std::chrono::milliseconds(100), Now now = &coarse_now)
      : kind_(std::move(kind)), name_(std::move(name)), budget_(budget), now_(now) {}

  /// Runs `function`. Returns what it returned, or nullopt when it threw; for a void function,
  /// whether it came to its end. `call` names it in the log: "decide".
  template <typename Function>
  auto run(const char* call, Function&& function) noexcept {
    Clock::time_point at = now_();
    return run(at, call, std::forward<Function>(function));
  }
  /// The same of calls in a row, where the end of one is the beginning of the next: it begins at
  /// `at`, which is begin(), or what the call before it has set; and sets that to its end.
  template <typename Function>
  auto run(Clock::time_point& at, const char* call, Function&& function) noexcept {
    auto answer = fenced(call, at, std::forward<Function>(function));
    at = ended(call, at);
    return answer;
  }
  /// When a row of calls begins.
  [[nodiscard]] Clock::time_point begin() const { return now_(); }
  /// The same of a call that may take its time, since nobody's thread is held up.
  template <typename Function>
  auto run_unhurried(const char* call, Function&& function) noexcept {
    auto answer = fenced(call, now_(), std::forward<Function>(function));
    calls_.fetch_add(1, std::memory_order_relaxed);
    return answer;
  }

  /// Reports an answer that makes no sense; it counts as an error. `what`: "returned ...", of which
  /// one_line() is written. Any thread.
  void fault(const char* call, std::string_view what) noexcept;

  /// Numbers of one moment each, and not all of the same.
  [[nodiscard]] PluginCallCounts counts() const;
  [[nodiscard]] const std::string& name() const { return name_; }
  /// "plugin auth 'jwt'"
  [[nodiscard]] std::string title() const { return "plugin " + kind_ + " '" + name_ + "'"; }
  /// A line of the log with the plugin's own words.
  [[nodiscard]] std::string line(std::string_view text) const {
    return title() + ": " + one_line(text);
  }

 private:
  /// As of the kernel's latest tick, to 10 ms: a match asks six times and more.
  static Clock::time_point coarse_now();

  /// Lets one event of a kind through per interval, with the number of those since the last.
  class Throttle {
   public:
    /// How many events to report now, this one included; 0: be silent.
    std::uint64_t admit(Clock::time_point now);

   private:
    std::atomic<std::uint64_t> waiting_{0};
    std::atomic<Clock::rep> open_at_{Clock::time_point::min().time_since_epoch().count()};
  };

  template <typename Function>
  auto fenced(const char* call, Clock::time_point start, Function&& function) noexcept {
    using Value = std::invoke_result_t<Function>;
    using Answer = std::conditional_t<std::is_void_v<Value>, bool, std::optional<Value>>;
    Answer answer{};
    try {
      if constexpr (std::is_void_v<Value>) {
        std::forward<Function>(function)();
        answer = true;
      } else {
        answer.emplace(std::forward<Function>(function)());
      }
    } catch (const std::exception& failure) {
      threw(call, failure.what(), start);
    } catch (...) {
      threw(call, "no std::exception", start);
    }
    return answer;
  }

  /// Counts and reports an exception.
  void threw(const char* call, std::string_view what, Clock::time_point now) noexcept;
  /// Counts a call, and reports one that took longer than the budget. Returns when that was.
  Clock::time_point ended(const char* call, Clock::time_point start) noexcept {
    calls_.fetch_add(1, std::memory_order_relaxed);
    const Clock::time_point now = now_();
    if (now - start <= budget_) return now;
    was_slow(call, start, now);
    return now_();  // the next call of the row does not pay for the log
  }
  void was_slow(const char* call, Clock::time_point start, Clock::time_point now) noexcept;
  /// Writes the line. `times`: how many such events it stands for.
  void report(const char* call, std::string_view what, std::uint64_t times) noexcept;

  const std::string kind_;
  const std::string name_;
  const Clock::duration budget_;
  const Now now_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> slow_{0};
  Throttle errors_reported_;
  Throttle slow_reported_;
};

}  // namespace peer
