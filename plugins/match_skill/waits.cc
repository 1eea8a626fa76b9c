#include "waits.h"

#include <algorithm>

namespace peer_skill {

using std::chrono::milliseconds;

void RecentWaits::add(milliseconds wait) {
  const std::lock_guard lock(mutex_);
  waits_[next_] = std::max(wait, milliseconds(0));
  next_ = (next_ + 1) % kMost;
  count_ = std::min(count_ + 1, kMost);
}

std::optional<milliseconds> RecentWaits::median() const {
  std::array<milliseconds, kMost> waits;
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    waits = waits_;
    count = count_;
  }
  if (count == 0) return std::nullopt;
  const auto middle = waits.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(waits.begin(), middle, waits.begin() + static_cast<std::ptrdiff_t>(count));
  return *middle;
}

std::shared_ptr<RecentWaits> WaitBook::of(const std::string& ns, const std::string& kind) {
  const std::lock_guard lock(mutex_);
  Key key{ns, kind};
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    uses_.splice(uses_.begin(), uses_, found->second.use);
    return found->second.waits;
  }
  if (entries_.size() == kMostKinds) {
    entries_.erase(uses_.back());
    uses_.pop_back();
  }
  uses_.push_front(key);
  return entries_.emplace(std::move(key), Entry{std::make_shared<RecentWaits>(), uses_.begin()})
      .first->second.waits;
}

}  // namespace peer_skill
