#pragma once

#include <cstdint>

#include "core/base/mutex.h"
#include "core/base/time.h"

namespace peer {

/// Places for connections beyond the limits, which get a health check answered and nothing else: a
/// node that turns clients away must not be taken for dead. Every client that exceeds the limits
/// may try it, so it is bounded in number and in rate: kPlaces at once, and kRate connections a
/// second, where one with a TLS handshake counts as ten. Thread-safe; shared by the loops.
class HealthReserve {
 public:
  static constexpr std::uint32_t kPlaces = 32;
  static constexpr std::int64_t kRate = 1000;
  static constexpr std::int64_t kTlsCost = 10;
  static constexpr milliseconds kHeadTime{1000};  ///< within which the request must come
  static constexpr std::size_t kMaxHeadSize = 1024;

  /// Takes a place. False when there is none, or when they were taken too fast: the connection is
  /// closed at once. Each true wants one leave(), when the connection ends.
  [[nodiscard]] bool enter(bool tls, Time now) PEER_EXCLUDES(mutex_);
  /// Gives it back.
  void leave() PEER_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::uint32_t taken_ PEER_GUARDED_BY(mutex_) = 0;
  // When the connections so far would have come at kRate: a token bucket that is one number.
  Time next_ PEER_GUARDED_BY(mutex_){};
};

}  // namespace peer
