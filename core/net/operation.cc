#include "core/net/operation.h"

namespace peer {

Operation::~Operation() {
  if (loop_ == nullptr) return;
  const EventLoop* here = EventLoop::current();
  if (here == loop_) {
    if (Connection* connection = loop_->find(connection_)) connection->resume();
  } else if (here != nullptr) {  // while one loop runs, none has been destroyed
    EventLoop& home = *loop_;
    home.post([lost = std::move(*this)] {});
  }
}

Connection* Operation::connection() const {
  Connection* connection = loop_->find(connection_);
  return connection == nullptr || connection->closing() ? nullptr : connection;
}

}  // namespace peer
