#include "core/plugin/core_host.h"

#include <exception>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/base/time.h"
#include "core/protocol/json_text.h"
#include "core/protocol/json_value.h"

// In: calls of one plugin, from any thread. Out: lines of the log, counters for /metrics, and tasks
// on the plugin's own thread, which the first task starts and stop() ends. No lock is held while a
// task runs.
namespace peer {
namespace {

bool is_counter_name(std::string_view name) {
  constexpr std::string_view kBytes = "abcdefghijklmnopqrstuvwxyz0123456789_";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kBytes) == name.npos;
}

/// Those that every plugin has (core/http/metrics.cc).
bool is_taken(std::string_view name) {
  return name == "calls" || name == "errors" || name == "slow_calls";
}

}  // namespace

CoreHost::~CoreHost() {
  {
    const MutexLock lock(mutex_);
    tasks_.clear();
  }
  join();
}

void CoreHost::log(sdk::LogLevel level, std::string_view text) noexcept {
  try {
    const std::string line = calls_.line(text);
    switch (level) {
      case sdk::LogLevel::kDebug:
        return peer::log_debug(line);
      case sdk::LogLevel::kInformation:
        return peer::log_info(line);
      case sdk::LogLevel::kNotice:
        return peer::log_notice(line);
      case sdk::LogLevel::kWarning:
        return log_counted_warning(line);
      case sdk::LogLevel::kError:
        return peer::log_error(line);
    }
  } catch (const std::exception&) {  // a log that cannot be written is no reason to end
  }
}

sdk::Instant CoreHost::now() const noexcept { return wall_now(); }

bool CoreHost::start_its_thread() {
  if (thread_.joinable()) return true;
  auto thread = start_thread(calls_.title(), [this] { run(); });
  if (!thread) {
    calls_.fault("post", thread.error().message);
    return false;
  }
  thread_ = std::move(*thread);
  return true;
}

bool CoreHost::post(std::function<void()> task) noexcept {
  try {
    const MutexLock lock(mutex_);
    if (closing_ || tasks_.size() >= kMostTasks || !start_its_thread()) return false;
    tasks_.push_back(std::move(task));
  } catch (const std::exception&) {  // no memory: as if too many waited
    return false;
  }
  changed_.notify_one();
  return true;
}

bool CoreHost::take_next(std::function<void()>& task) {
  const MutexLock lock(mutex_);
  while (tasks_.empty() && !closing_) changed_.wait(mutex_);
  if (tasks_.empty()) return false;
  task = std::move(tasks_.front());
  tasks_.pop_front();
  return true;
}

void CoreHost::run() {
  std::function<void()> task;
  while (take_next(task)) {
    calls_.run_unhurried("task", task);
    task = nullptr;  // what it holds goes before the next waits
  }
}

void CoreHost::join() {
  std::thread ending;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    ending = std::move(thread_);
  }
  changed_.notify_one();
  if (ending.joinable()) ending.join();
}

sdk::Counter& CoreHost::counter(std::string_view name, std::string_view help) noexcept {
  try {
    const MutexLock lock(mutex_);
    const auto known = counters_.find(name);
    if (known != counters_.end()) return known->second.counter;
    if (is_counter_name(name) && !is_taken(name) && counters_.size() < kMostCounters) {
      NamedCounter& made = counters_[std::string(name)];
      made.help = one_line(help);
      return made.counter;
    }
  } catch (const std::exception&) {  // no memory: it is not shown
  }
  log(sdk::LogLevel::kWarning,
      "a counter is not shown in /metrics: its name has to be 1 to 64 of "
      "a-z, 0-9 and '_', none of calls, errors, slow_calls, and one of "
      "the first 64");
  return hidden_;
}

std::vector<PluginCounter> CoreHost::counters() const {
  std::vector<PluginCounter> all;
  const MutexLock lock(mutex_);
  for (const auto& [name, named] : counters_) {
    all.push_back({name, named.help, named.counter.value()});
  }
  return all;
}

sdk::Result<sdk::Value> CoreHost::parse_json(std::string_view text) const noexcept {
  constexpr std::size_t kLongest = 1024 * 1024;
  constexpr std::size_t kDeepest = 64;
  try {
    if (text.size() > kLongest) return sdk::Error{"a JSON text of more than 1 MiB"};
    if (!is_valid_json(text)) return sdk::Error{"no JSON text"};
    sdk::Result<sdk::Value> parsed{sdk::Value()};
    switch (parse_json_value(text, kDeepest, *parsed)) {
      case ValueFault::kNone:
        return parsed;
      case ValueFault::kTooDeep:
        return sdk::Error{"a JSON text more than 64 deep"};
      case ValueFault::kDuplicateKey:
        return sdk::Error{"a JSON text with a duplicate key"};
      case ValueFault::kUnpairedSurrogate:
        return sdk::Error{"a JSON text with an unpaired surrogate"};
    }
  } catch (const std::exception&) {
  }
  return sdk::Error{"no memory for a JSON text"};
}

std::vector<std::string> CoreHost::option_names(std::string_view option) const {
  const auto found = option_names_.find(option);
  return found == option_names_.end() ? std::vector<std::string>() : found->second;
}

sdk::Result<void> CoreHost::start(bool takes_any_origin) {
  takes_any_origin_ = takes_any_origin;
  started_ = true;
  if (!start_) return {};
  const auto result = calls_.run_unhurried("on_start", start_);
  const sdk::Result<void> done =
      result ? *result : sdk::Result<void>(sdk::Error{"it threw; the log says what"});
  started_ = done.has_value();
  return done;
}

void CoreHost::reload() {
  if (!reload_ || post(reload_)) return;
  log(sdk::LogLevel::kWarning, "does not hear of the reload: too many of its tasks wait");
}

void CoreHost::stop() {
  if (std::exchange(started_, false) && stop_) calls_.run_unhurried("on_stop", stop_);
  join();
}

}  // namespace peer
