#include <peer/sdk/contract/test_host.h>

#include <peer/sdk/contract/json_text.h>

#include <array>
#include <chrono>
#include <exception>
#include <utility>

namespace peer::sdk::contract {

TestHost::~TestHost() {
  {
    const std::lock_guard lock(mutex_);
    tasks_.clear();
  }
  join();
}

void TestHost::log(LogLevel level, std::string_view text) noexcept {
  constexpr std::array kNames{"debug", "information", "notice", "warning", "error"};
  const std::lock_guard lock(mutex_);
  logged_.push_back(std::string(kNames[static_cast<std::size_t>(level)]) + ": " +
                    std::string(text));
}

Instant TestHost::now() const noexcept {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) +
         std::chrono::milliseconds(ahead_);
}

bool TestHost::post(std::function<void()> task) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || tasks_.size() >= kMostTasks) return false;
    tasks_.push_back(std::move(task));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  ++posted_;
  changed_.notify_one();
  return true;
}

Counter& TestHost::counter(std::string_view name, std::string_view) noexcept {
  const std::lock_guard lock(mutex_);
  return counters_[std::string(name)];
}

Result<Value> TestHost::parse_json(std::string_view text) const noexcept {
  return contract::parse_json(text);
}

std::vector<std::string> TestHost::option_names(std::string_view option) const {
  const auto found = option_names_.find(option);
  return found == option_names_.end() ? std::vector<std::string>() : found->second;
}

void TestHost::reload() {
  if (reload_) static_cast<void>(post(reload_));
}

void TestHost::stop() {
  if (stop_) stop_();
  join();
}

std::vector<std::string> TestHost::logged() const {
  const std::lock_guard lock(mutex_);
  return logged_;
}

void TestHost::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    try {
      task();
    } catch (const std::exception& failure) {
      log(LogLevel::kError, std::string("a task threw: ") + failure.what());
    } catch (...) {
      log(LogLevel::kError, "a task threw");
    }
    task = nullptr;
    lock.lock();
  }
}

void TestHost::join() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace peer::sdk::contract
