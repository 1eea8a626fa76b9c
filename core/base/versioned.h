#pragma once

#include <atomic>
#include <deque>
#include <utility>

namespace peer {

/// A value that one thread replaces while others read it, at the price of a plain load. Every
/// version lives as long as this does, so that references stay valid: for what an operator changes
/// a few times in the life of a process. Nothing is freed before the end: a reload costs the memory
/// of one T for good.
template <typename T>
class Versioned {
 public:
  explicit Versioned(T first) { replace(std::move(first)); }

  /// Any thread. A reference that was taken before a replace() shows the version of then: to see
  /// the new one, ask again.
  [[nodiscard]] const T& get() const { return *current_.load(std::memory_order_acquire); }
  /// One thread at a time. Readers get the old version or the new one as a whole.
  void replace(T next) {
    versions_.push_back(std::move(next));
    current_.store(&versions_.back(), std::memory_order_release);
  }

 private:
  std::deque<T> versions_;
  std::atomic<const T*> current_{nullptr};
};

}  // namespace peer
