#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace peer_skill {

/// How long the latest 50 matched tickets of one kind have waited: what a new one may expect.
/// Thread-safe.
class RecentWaits {
 public:
  /// One more was matched; the oldest of 50 is forgotten.
  void add(std::chrono::milliseconds wait);
  /// Their median; nullopt: there has been none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> median() const;

 private:
  static constexpr std::size_t kMost = 50;

  mutable std::mutex mutex_;
  std::array<std::chrono::milliseconds, kMost> waits_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

/// The waits of all kinds, which outlive the queues: a queue ends with its last ticket. The kinds
/// that were asked for last are kept, kMostKinds of them, since clients choose the names of
/// namespaces. Thread-safe.
class WaitBook {
 public:
  static constexpr std::size_t kMostKinds = 1024;

  /// The waits of one kind of tickets in one namespace; made where there are none. They stay usable
  /// for a queue that has them, even when the book has forgotten them, and begins new ones.
  [[nodiscard]] std::shared_ptr<RecentWaits> of(const std::string& ns, const std::string& kind);

 private:
  using Key = std::pair<std::string, std::string>;
  struct Entry {
    std::shared_ptr<RecentWaits> waits;
    std::list<Key>::iterator use;
  };

  std::mutex mutex_;
  std::list<Key> uses_;  ///< the latest first
  std::map<Key, Entry> entries_;
};

}  // namespace peer_skill
