#include "core/log/line_queue.h"

#include <string>
#include <system_error>
#include <utility>

#include "core/base/log.h"
#include "core/base/thread.h"

// In: lines, from any thread, which never waits. Out: the same lines to the file, by the thread
// that is in run(), or a count of those that were lost. The lock is never held while the file is
// written.
namespace peer {
namespace {

constexpr milliseconds kTellInterval{1000};
constexpr std::size_t kBookkeeping = 256;  // of one message: its object, source, fields

std::size_t cost_of(const Poco::Message& message) {
  return message.getText().size() + kBookkeeping;
}

}  // namespace

LineQueue::~LineQueue() { LineQueue::close(); }

sdk::Result<void> LineQueue::start() {
  auto thread = start_thread("the log", [this] { run(); });
  if (!thread) return thread.error();
  thread_ = std::move(*thread);
  return {};
}

void LineQueue::close() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void LineQueue::log(const Poco::Message& message) {
  const std::size_t cost = cost_of(message);
  // Copied without the lock: other threads may wait for it.
  Poco::Message copy = message;
  {
    const MutexLock lock(mutex_);
    if (lines_.size() >= kMostLines || bytes_ + cost > kMostBytes) {
      return lose(0);
    }
    lines_.push_back(std::move(copy));
    bytes_ += cost;
  }
  changed_.notify_one();
}

void LineQueue::run() {
  Poco::Message line;
  for (Turn turn = take_next(line); turn != Turn::kEnd; turn = take_next(line)) {
    tell_losses();
    if (turn == Turn::kTell) continue;
    if (const int error = file_->write(line); error != 0) {
      const MutexLock lock(mutex_);
      lose(error);
    }
  }
  {
    const MutexLock lock(mutex_);
    tell_at_ = {};  // the end does not wait for its second
  }
  tell_losses();
}

/// Waits for the next line, and while there is something to tell, for the time to tell it. Lines
/// that wait when the queue is closed still come, so that nothing that was taken is lost.
LineQueue::Turn LineQueue::take_next(Poco::Message& line) {
  const MutexLock lock(mutex_);
  while (lines_.empty() && !closing_) {
    if (untold_ == 0) {
      changed_.wait(mutex_);
    } else if (changed_.wait_until(mutex_, tell_at_) == std::cv_status::timeout) {
      return Turn::kTell;
    }
  }
  if (lines_.empty()) return Turn::kEnd;
  line = std::move(lines_.front());
  lines_.pop_front();
  bytes_ -= cost_of(line);
  return Turn::kLine;
}

void LineQueue::lose(int error) {
  ++untold_;
  error_ = error;
  count_lost_log_line();
}

void LineQueue::tell_losses() {
  std::uint64_t lines = 0;
  std::string reason = "they came faster than the log took them";
  {
    const MutexLock lock(mutex_);
    const Time now = steady_now();
    if (untold_ == 0 || now < tell_at_) return;
    tell_at_ = now + kTellInterval;
    lines = std::exchange(untold_, 0);
    if (error_ != 0) reason = std::generic_category().message(error_);
  }
  // Straight to the file: through the queue it might be lost as well.
  const Poco::Message line("peer",
                           "log lines were lost: " + std::to_string(lines) + " (" + reason + ")",
                           Poco::Message::PRIO_WARNING);
  const int error = file_->write(line);
  if (error == 0) return;
  const MutexLock lock(mutex_);
  untold_ += lines;  // they are counted already
  error_ = error;
}

}  // namespace peer
