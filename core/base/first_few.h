#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace peer {

/// The first `limit` of all that are offered, in the order of `less`: a page of a list that is
/// walked without an order. No more than `limit` are kept at any time, so a page of a directory
/// costs memory for the page alone, whatever is in the directory. One thread.
///
/// The walk may come in parts, from shard to shard, and its order does not matter: but among values
/// that `less` holds for equal, whichever came first stays when there is no room for both.
template <typename Value, typename Less>
class FirstFew {
 public:
  /// `less`: as of std::sort, and of a place and a value where wants() is asked.
  FirstFew(std::size_t limit, Less less) : limit_(limit), less_(std::move(less)) {}

  /// Whether one with this place would be among them: ask before making a costly one.
  template <typename Place>
  [[nodiscard]] bool wants(const Place& place) const {
    return kept_.size() < limit_ || (limit_ > 0 && less_(place, kept_.front()));
  }
  /// Keeps it if it is among the first so far; then the last of them goes. Costs log(limit).
  void offer(Value value) {
    if (!wants(value)) return;
    if (kept_.size() == limit_) {
      std::pop_heap(kept_.begin(), kept_.end(), less_);
      kept_.pop_back();
    }
    kept_.push_back(std::move(value));
    std::push_heap(kept_.begin(), kept_.end(), less_);
  }
  /// In order; nothing is left behind.
  [[nodiscard]] std::vector<Value> take() {
    std::sort_heap(kept_.begin(), kept_.end(), less_);
    return std::move(kept_);
  }

 private:
  const std::size_t limit_;
  const Less less_;
  std::vector<Value> kept_;  // a heap with the last of them in front
};

}  // namespace peer
