#include "core/limit/health_reserve.h"

#include <algorithm>

namespace peer {

bool HealthReserve::enter(bool tls, Time now) {
  constexpr milliseconds kInterval(1000 / kRate);
  constexpr milliseconds kBurst = kInterval * kTlsCost * kPlaces;  // all places at once, with TLS
  const MutexLock lock(mutex_);
  const Time next = std::max(next_, now) + kInterval * (tls ? kTlsCost : 1);
  if (taken_ == kPlaces || next - now > kBurst) return false;
  next_ = next;
  ++taken_;
  return true;
}

void HealthReserve::leave() {
  const MutexLock lock(mutex_);
  --taken_;
}

}  // namespace peer
