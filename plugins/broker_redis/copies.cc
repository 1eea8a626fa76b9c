#include "copies.h"

#include <algorithm>
#include <chrono>

namespace peer_redis {

std::int64_t Copies::since_us(const Mirror::Peer& peer) const {
  const auto own_us =
      std::chrono::duration_cast<std::chrono::microseconds>(peer.since.time_since_epoch()).count();
  const std::int64_t reckoned = std::max<std::int64_t>(0, own_us + clock_offset_us_);
  return peer.shared_since.value_or(reckoned);
}

std::vector<std::string> Copies::arguments(const Registered& peer) {
  if (here_.is_home_of(peer.peer) || !mirror_.is_live(peer)) return {};
  note(peer.peer);
  const Mirror::Peer& entry = *mirror_.find(peer.peer);
  return {std::to_string(since_us(entry)), entry.away ? "1" : "0"};
}

}  // namespace peer_redis
