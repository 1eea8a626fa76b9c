#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include <peer/sdk/host.h>

namespace peer_jwt {

/// A host that remembers what was logged.
class TestHost final : public peer::sdk::PluginHost {
 public:
  void log(peer::sdk::LogLevel, std::string_view text) noexcept override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(text);
    changed_.notify_all();
  }
  peer::sdk::Instant now() const noexcept override { return peer::sdk::Instant{}; }
  bool post(std::function<void()> task) noexcept override {
    task();
    return true;
  }
  peer::sdk::Counter& counter(std::string_view, std::string_view) noexcept override {
    return counter_;
  }
  void on_start(std::function<peer::sdk::Result<void>()>) override {}
  void on_reload(std::function<void()>) override {}
  void on_stop(std::function<void()>) override {}
  peer::sdk::Result<peer::sdk::Value> parse_json(std::string_view) const noexcept override {
    return peer::sdk::Error{"not here"};
  }
  bool takes_any_origin() const noexcept override { return false; }

  /// Waits until a line with `text` in it has been logged; false after 10 s.
  [[nodiscard]] bool await_line(std::string_view text) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      for (const std::string& line : lines_) {
        if (line.find(text) != line.npos) return true;
      }
      return false;
    });
  }
  [[nodiscard]] std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  peer::sdk::Counter counter_;
};

}  // namespace peer_jwt
