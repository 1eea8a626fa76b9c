#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <memory>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>

namespace peer::test {

/// A thread of a test. It is asked to stop and joined at its end, also where the test throws or
/// returns before that: a std::thread would end the whole process then. What `work` throws is a
/// failure of the test.
class TestThread {
 public:
  /// `work` may take a std::stop_token.
  template <typename Work>
  explicit TestThread(Work work)
      : thread_([work = std::move(work), ended = ended_](const std::stop_token& stop) mutable {
          try {
            if constexpr (std::is_invocable_v<Work&, std::stop_token>) {
              work(stop);
            } else {
              work();
            }
          } catch (const std::exception& failure) {
            ADD_FAILURE() << "in a thread of the test: " << failure.what();
          }
          *ended = true;
        }) {}

  /// Any thread may ask.
  [[nodiscard]] bool has_ended() const { return *ended_; }
  /// Waits until it has come to its end by itself.
  void join() { thread_.join(); }
  /// Asks it to stop, and waits until it has.
  void stop() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);
  std::jthread thread_;
};

}  // namespace peer::test
