#include "core/log/repeat_filter.h"

#include <vector>

namespace peer {

void RepeatFilter::log(const Poco::Message& message) {
  const bool counts = message.getPriority() <= Poco::Message::PRIO_NOTICE;
  if (!counts || passes(message, steady_now())) next_->log(message);
}

bool RepeatFilter::passes(const Poco::Message& message, Time now) {
  sum_up(now);
  const MutexLock lock(mutex_);
  const auto known = windows_.find(message.getText());
  if (known == windows_.end() && windows_.size() == kMost) return true;
  Window& window = known == windows_.end()
                       ? windows_[message.getText()] = {now + kWindow, 0, message.getPriority()}
                       : known->second;
  return ++window.lines <= kShown;
}

void RepeatFilter::sum_up(Time now) {
  std::vector<Poco::Message> sums;
  {
    const MutexLock lock(mutex_);
    std::erase_if(windows_, [&](const auto& entry) {
      const auto& [text, window] = entry;
      if (window.end > now) return false;
      if (window.lines > kShown) {
        sums.emplace_back("peer",
                          std::to_string(window.lines - kShown) + " more in " +
                              std::to_string(kWindow.count() / 1000) + " s: " + text,
                          window.priority);
      }
      return true;
    });
  }
  for (const Poco::Message& sum : sums) next_->log(sum);
}

}  // namespace peer
