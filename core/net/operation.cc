#include "core/net/operation.h"

namespace peer {

Operation::~Operation() {
  if (loop_ == nullptr) return;
  const EventLoop* here = EventLoop::current();
  if (here == loop_) {
    loop_->resume(session_);
  } else if (here != nullptr) {  // while one loop runs, none has been destroyed
    EventLoop& home = *loop_;
    home.post([lost = std::move(*this)] {});
  }
}

ApplicationSession* Operation::session() const {
  return loop_ != nullptr ? loop_->find_open(session_) : nullptr;
}

}  // namespace peer
