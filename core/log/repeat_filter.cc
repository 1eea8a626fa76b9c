#include "core/log/repeat_filter.h"

#include <algorithm>
#include <vector>

#include "core/base/log.h"

namespace peer {

void RepeatFilter::log(const Poco::Message& message) {
  const bool counts =
      message.getPriority() <= Poco::Message::PRIO_NOTICE && !message.has(kEveryLine);
  if (!counts || passes(message, steady_now())) next_->log(message);
}

bool RepeatFilter::passes(const Poco::Message& message, Time now) {
  sum_up(now);
  const MutexLock lock(mutex_);
  const auto known = windows_.find(message.getText());
  // When the table is full, other lines pass uncounted, so that it takes no more memory.
  if (known == windows_.end() && windows_.size() == kMost) return true;
  if (known != windows_.end()) return ++known->second.lines <= known->second.shown;
  const std::uint64_t shown = message.has(kCountedLine) ? 1 : kShown;
  windows_[message.getText()] = {now + kWindow, shown, 1, message.getPriority()};
  first_end_ = std::min(first_end_, now + kWindow);
  return true;
}

void RepeatFilter::sum_up(Time now) {
  std::vector<Poco::Message> sums;
  {
    const MutexLock lock(mutex_);
    if (first_end_ > now) return;  // the usual case, in a flood too
    Time next_end = kNever;
    std::erase_if(windows_, [&](const auto& entry) {
      const auto& [text, window] = entry;
      if (window.end > now) {
        next_end = std::min(next_end, window.end);
        return false;
      }
      if (window.lines > window.shown) {
        sums.emplace_back("peer",
                          std::to_string(window.lines - window.shown) + " more in " +
                              std::to_string(kWindow.count() / 1000) + " s: " + text,
                          window.priority);
      }
      return true;
    });
    first_end_ = next_end;
  }
  // Without the lock, as in log(): the next channel has one of its own.
  for (const Poco::Message& sum : sums) next_->log(sum);
}

}  // namespace peer
