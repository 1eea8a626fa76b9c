#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "tests/support/deadline.h"

namespace peer::test {

/// How a plugin of the tests answers one kind of question: as it usually does, always the same,
/// later, never, or not at all because it throws. Thread-safe: a test changes its mind while the
/// loops run.
template <typename Outcome>
class Answers {
 public:
  using Reply = std::function<void(Outcome)>;

  /// From now on every question gets this answer, at once.
  void always(Outcome outcome) { become(Mood::kFixed, std::move(outcome)); }
  /// From now on as the plugin usually answers, at once.
  void usual() { become(Mood::kUsual, std::nullopt); }
  /// From now on questions wait for release(); without it they are never answered.
  void hold() { become(Mood::kHeld, std::nullopt); }
  /// From now on the plugin throws.
  void fail() { become(Mood::kFails, std::nullopt); }

  /// Waits until so many questions are held.
  void wait(std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    wait(lock, count);
  }
  /// Waits for a held question and answers the oldest, on this thread: with `outcome`, or as the
  /// plugin would have answered at once.
  void release(std::optional<Outcome> outcome = std::nullopt) {
    std::unique_lock lock(mutex_);
    wait(lock, 1);
    Held held = std::move(held_.front());
    held_.pop_front();
    lock.unlock();
    held.reply(outcome ? std::move(*outcome) : std::move(held.usual));
  }

  /// For the plugin: a question, and what it usually answers.
  template <typename Usual>
  void take(Reply reply, Usual usual) {
    std::unique_lock lock(mutex_);
    const Mood mood = mood_;
    std::optional<Outcome> fixed = fixed_;
    lock.unlock();
    if (mood == Mood::kFails) throw std::runtime_error("out of order");
    if (mood != Mood::kHeld) return reply(fixed ? std::move(*fixed) : usual());
    Outcome kept = usual();
    lock.lock();
    held_.push_back({std::move(reply), std::move(kept)});
    changed_.notify_all();
  }

 private:
  enum class Mood { kUsual, kFixed, kHeld, kFails };
  struct Held {
    Reply reply;
    Outcome usual;
  };

  void become(Mood mood, std::optional<Outcome> fixed) {
    const std::lock_guard lock(mutex_);
    mood_ = mood;
    fixed_ = std::move(fixed);
  }
  void wait(std::unique_lock<std::mutex>& lock, std::size_t count) {
    const milliseconds left(Deadline().milliseconds_left());
    if (!changed_.wait_for(lock, left, [&] { return held_.size() >= count; })) {
      throw std::runtime_error("the plugin has not been asked");
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Mood mood_ = Mood::kUsual;
  std::optional<Outcome> fixed_;
  std::deque<Held> held_;
};

}  // namespace peer::test
