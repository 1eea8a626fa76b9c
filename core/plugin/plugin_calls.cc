#include "core/plugin/plugin_calls.h"

#include <algorithm>
#include <ctime>

#include "core/base/log.h"

namespace peer {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kReportInterval{10};
constexpr std::size_t kMaxReason = 200;

}  // namespace

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kMaxReason));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }, ' ');
  return line;
}

PluginCalls::Clock::time_point PluginCalls::coarse_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);  // what Clock reads, with fewer digits
  return Clock::time_point(std::chrono::seconds(now.tv_sec) +
                           std::chrono::nanoseconds(now.tv_nsec));
}

PluginCallCounts PluginCalls::counts() const {
  return {calls_.load(std::memory_order_relaxed), errors_.load(std::memory_order_relaxed),
          slow_.load(std::memory_order_relaxed)};
}

std::uint64_t PluginCalls::Throttle::admit(Clock::time_point now) {
  waiting_.fetch_add(1, std::memory_order_relaxed);
  Clock::rep open_at = open_at_.load(std::memory_order_relaxed);
  const Clock::rep ticks = now.time_since_epoch().count();
  if (ticks < open_at) return 0;
  const Clock::rep next = ticks + duration_cast<Clock::duration>(kReportInterval).count();
  if (!open_at_.compare_exchange_strong(open_at, next, std::memory_order_relaxed)) return 0;
  return waiting_.exchange(0, std::memory_order_relaxed);
}

void PluginCalls::threw(const char* call, std::string_view what, Clock::time_point now) noexcept {
  errors_.fetch_add(1, std::memory_order_relaxed);
  if (const std::uint64_t times = errors_reported_.admit(now); times > 0) {
    report(call, what, times);
  }
}

void PluginCalls::fault(const char* call, std::string_view what) noexcept {
  threw(call, what, now_());
}

void PluginCalls::was_slow(const char* call, Clock::time_point start,
                           Clock::time_point now) noexcept {
  slow_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t times = slow_reported_.admit(now);
  if (times == 0) return;
  try {
    report(call,
           "took " + std::to_string(duration_cast<milliseconds>(now - start).count()) +
               " ms, budget " + std::to_string(duration_cast<milliseconds>(budget_).count()) +
               " ms; calls must not block",
           times);
  } catch (const std::exception&) {  // no memory for a log line is no reason to end
  }
}

void PluginCalls::report(const char* call, std::string_view what, std::uint64_t times) noexcept {
  try {
    std::string line = title() + ": " + call + ": " + one_line(what);
    if (times > 1) line += " (" + std::to_string(times) + " times since the last report)";
    log_warning(line);
  } catch (const std::exception&) {  // a log that cannot be written is no reason to end
  }
}

}  // namespace peer
