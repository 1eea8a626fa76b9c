#include "core/hub/room_index.h"

#include <algorithm>
#include <chrono>

// In: what NamespaceDirectory says of its rooms, on any loop. Out: names, in order. A name that
// comes out may belong to another room by then, or to none: who gets it looks.
namespace peer {

std::uint64_t RoomIndex::next_place() {
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(wall_now().time_since_epoch());
  const auto earliest = static_cast<std::uint64_t>(std::max<std::int64_t>(1, now.count()));
  std::uint64_t last = last_place_.load(std::memory_order_relaxed);
  std::uint64_t place = 0;
  do {
    place = std::max(last + 1, earliest);
  } while (!last_place_.compare_exchange_weak(last, place, std::memory_order_relaxed));
  return place;
}

void RoomIndex::list(std::uint64_t place, std::string_view name) {
  const MutexLock lock(mutex_);
  listed_.emplace(place, name);
}

void RoomIndex::unlist(std::uint64_t place) {
  const MutexLock lock(mutex_);
  listed_.erase(place);
}

std::vector<std::pair<std::uint64_t, std::string>> RoomIndex::page(std::uint64_t after,
                                                                   std::size_t limit) const {
  std::vector<std::pair<std::uint64_t, std::string>> rooms;
  const MutexLock lock(mutex_);
  for (auto at = listed_.upper_bound(after); at != listed_.end() && rooms.size() < limit; ++at) {
    rooms.emplace_back(*at);
  }
  return rooms;
}

bool RoomIndex::keep(std::string_view name, Time ends, std::size_t most) {
  const MutexLock lock(mutex_);
  if (empty_.size() >= most) return false;
  empty_.emplace(ends, name);
  return true;
}

void RoomIndex::release(std::string_view name, Time ends) {
  const MutexLock lock(mutex_);
  empty_.erase({ends, std::string(name)});
}

std::vector<std::pair<Time, std::string>> RoomIndex::take_due(Time now, std::size_t limit) {
  std::vector<std::pair<Time, std::string>> due;
  const MutexLock lock(mutex_);
  while (!empty_.empty() && empty_.begin()->first <= now && due.size() < limit) {
    due.push_back(std::move(empty_.extract(empty_.begin()).value()));
  }
  return due;
}

std::optional<Time> RoomIndex::next_end() const {
  const MutexLock lock(mutex_);
  if (empty_.empty()) return std::nullopt;
  return empty_.begin()->first;
}

std::size_t RoomIndex::empty() const {
  const MutexLock lock(mutex_);
  return empty_.size();
}

}  // namespace peer
