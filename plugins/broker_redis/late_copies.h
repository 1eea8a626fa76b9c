#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>

#include "kit.h"

namespace peer_redis {

/// What a Redis Cluster delivers a second time. A node of it hands a message to its own subscribers
/// at once, and the other nodes hand it to theirs, which takes milliseconds: a link that leaves one
/// node for another may get there what it has had already. Loop thread only.
class LateCopies {
 public:
  static constexpr std::size_t kMaxNoted = 16'384;  ///< beyond it the oldest are forgotten
  static constexpr std::chrono::milliseconds kMaxDelay{1000};

  /// Came by the present link.
  void note(std::string_view channel, std::string_view message, Time now);
  /// There will be another link: what was noted a moment ago may come once more.
  void expect(Time now);
  /// Whether this is such a copy. Each is one of one message: a further one is no copy.
  [[nodiscard]] bool take(std::string_view channel, std::string_view message, Time now);

 private:
  /// A copy comes within kMaxDelay, or not at all.
  void forget_before(Time time);

  /// A hash instead of the text: 16,384 messages may be large.
  struct Noted {
    Time time;
    std::size_t hash;
  };
  std::deque<Noted> noted_;
  std::unordered_map<std::size_t, std::uint32_t> expected_;
  Time expected_until_{};
};

}  // namespace peer_redis
