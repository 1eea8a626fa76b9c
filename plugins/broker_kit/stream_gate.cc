#include "plugins/broker_kit/stream_gate.h"

#include <utility>

namespace peer_broker_kit {

bool StreamGate::pass(std::size_t size, Task task) {
  if (is_open()) {
    task();
    return true;
  }
  if (waiting_size_ > kMaxWaiting) return false;
  waiting_size_ += size;
  waiting_.push_back({size, std::move(task)});
  return true;
}

void StreamGate::open() {
  --shut_;
  // A task that runs below may shut the gate and open it again: the loop below goes on then.
  if (running_) return;
  running_ = true;
  while (shut_ == 0 && !waiting_.empty()) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_size_ -= next.size;
    next.task();
  }
  running_ = false;
}

std::shared_ptr<void> StreamGate::hold() {
  return {static_cast<void*>(this),
          // The last copy may end on any thread, and after the loop.
          [this, loop = loop_.ref()](void*) { loop->post([this] { open(); }); }};
}

void StreamGate::clear() {
  waiting_.clear();
  waiting_size_ = 0;
}

}  // namespace peer_broker_kit
