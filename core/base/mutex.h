#pragma once

#include <mutex>

/// Thread-safety annotations of clang (-Wthread-safety); GCC ignores them.
///
/// PEER_GUARDED_BY(m): this member is read and written with m held only. PEER_REQUIRES(m): call
/// this function with m held. PEER_EXCLUDES(m): call it without, since it takes m itself.
#if defined(__clang__)
#define PEER_ATTRIBUTE(x) __attribute__((x))
#else
#define PEER_ATTRIBUTE(x)
#endif
#define PEER_GUARDED_BY(mutex) PEER_ATTRIBUTE(guarded_by(mutex))
#define PEER_REQUIRES(...) PEER_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define PEER_EXCLUDES(...) PEER_ATTRIBUTE(locks_excluded(__VA_ARGS__))

namespace peer {

/// std::mutex as a capability that clang can check: libstdc++'s own is none. Not recursive: a
/// thread that locks it twice waits for itself. Which of two locks comes first: ARCHITECTURE.md,
/// "Invariants". A thread waits on it by std::condition_variable_any, which needs no more than
/// lock() and unlock().
class PEER_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() PEER_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() PEER_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class PEER_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) PEER_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() PEER_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace peer
