#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/time.h"

namespace peer {

/// Which rooms of this node are public, in the order of their creation, and which wait without
/// members, in the order of their ends. Names alone: the rooms are in NamespaceDirectory, whose
/// shard is locked when it changes this.
///
/// Thread-safe; its lock is taken last. Rooms that are neither cost nothing here.
class RoomIndex {
 public:
  /// The place of a room that is being created: higher than all before, about the microseconds
  /// since the Unix epoch, so that places of several nodes mix.
  [[nodiscard]] std::uint64_t next_place();

  /// The room is public. Its place is its own: next_place() gives each number once.
  void list(std::uint64_t place, std::string_view name) PEER_EXCLUDES(mutex_);
  /// It is not any more, or has ended.
  void unlist(std::uint64_t place) PEER_EXCLUDES(mutex_);
  /// Public rooms behind `after`, at most `limit`, with their places.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::string>> page(std::uint64_t after,
                                                                        std::size_t limit) const
      PEER_EXCLUDES(mutex_);

  /// A room without members is to end then. False: `most` wait already, and nothing is done.
  [[nodiscard]] bool keep(std::string_view name, Time ends, std::size_t most) PEER_EXCLUDES(mutex_);
  /// It has members again, or has ended.
  void release(std::string_view name, Time ends) PEER_EXCLUDES(mutex_);
  /// Takes out rooms whose end has come, at most `limit`, the earliest first.
  [[nodiscard]] std::vector<std::pair<Time, std::string>> take_due(Time now, std::size_t limit)
      PEER_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<Time> next_end() const PEER_EXCLUDES(mutex_);
  /// Rooms that wait.
  [[nodiscard]] std::size_t empty() const PEER_EXCLUDES(mutex_);

 private:
  std::atomic<std::uint64_t> last_place_{0};
  mutable Mutex mutex_;
  std::map<std::uint64_t, std::string> listed_ PEER_GUARDED_BY(mutex_);
  std::set<std::pair<Time, std::string>> empty_ PEER_GUARDED_BY(mutex_);
};

}  // namespace peer
