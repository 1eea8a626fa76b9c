#include "plugins/broker_kit/outage_queue.h"

#include <utility>

namespace peer_broker_kit {

bool OutageQueue::push(Waiting& waiting) {
  if (queue_.size() >= kMaxMessages || bytes_ + waiting.size > kMaxBytes) return false;
  const std::size_t size = waiting.size;
  queue_.push_back(std::move(waiting));
  bytes_ += size;
  ++shared_.outage_messages;
  shared_.outage_bytes += size;
  return true;
}

OutageQueue::Waiting OutageQueue::take() {
  Waiting first = std::move(queue_.front());
  queue_.pop_front();
  bytes_ -= first.size;
  shared_.outage_messages -= 1;
  shared_.outage_bytes -= first.size;
  return first;
}

std::size_t OutageQueue::expire(Time now) {
  std::size_t count = 0;
  for (; !queue_.empty() && now - queue_.front().since >= kMaxAge; ++count) take().give_up();
  return count;
}

void OutageQueue::flush() {
  while (!queue_.empty()) take().send();
}

std::size_t OutageQueue::give_up_all() {
  const std::size_t count = queue_.size();
  while (!queue_.empty()) take().give_up();
  return count;
}

}  // namespace peer_broker_kit
