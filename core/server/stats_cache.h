#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/base/mutex.h"

namespace peer {

/// Keeps an answer that was costly to compose for 20 times as long as that took: however often it
/// is asked for, it takes a twentieth of one loop's time at most. A cheap answer is always fresh.
/// Thread-safe; a loop that comes while it is composed waits for it.
class StatsCache {
 public:
  /// The answer, fresh or kept. `compose` runs with the lock held, on the calling thread, and must
  /// not ask this cache; what it throws comes out, and the old answer stays.
  std::string get(const std::function<std::string()>& compose) PEER_EXCLUDES(mutex_) {
    using Clock = std::chrono::steady_clock;
    const MutexLock lock(mutex_);
    const Clock::time_point start = Clock::now();
    if (start >= good_until_) {
      answer_ = compose();
      const Clock::time_point end = Clock::now();
      // Below 2 ms a twentieth is nothing that peers could notice.
      const bool cheap = end - start < std::chrono::milliseconds(2);
      good_until_ = cheap ? end : end + 20 * (end - start);
    }
    return answer_;
  }

 private:
  Mutex mutex_;
  std::string answer_ PEER_GUARDED_BY(mutex_);
  /// Until then the kept answer is given.
  std::chrono::steady_clock::time_point good_until_ PEER_GUARDED_BY(mutex_){};
};

}  // namespace peer
