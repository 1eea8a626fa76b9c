#include "copies.h"

#include <algorithm>
#include <chrono>

namespace peer_redis {

std::set<std::size_t> CopiesMade::all_of(const Fingerprint& peer) const {
  std::set<std::size_t> all;
  const auto found = parts_.find(peer);
  if (found == parts_.end()) return all;
  for (std::size_t part = 0; part < kMostParts; ++part) {
    if ((found->second >> part & 1) != 0) all.insert(part);
  }
  return all;
}

std::string CopiesMade::text(const Fingerprint& peer) const {
  std::string text;
  for (const std::size_t part : all_of(peer)) text += std::to_string(part) + ',';
  return text;
}

std::int64_t Copies::since_us(Mirror::Peer& peer) const {
  if (peer.shared_since) return *peer.shared_since;
  const auto own_us =
      std::chrono::duration_cast<std::chrono::microseconds>(peer.since.time_since_epoch()).count();
  if (!clock_offset_us_) return std::max<std::int64_t>(0, own_us);
  peer.shared_since = std::max<std::int64_t>(0, own_us + *clock_offset_us_);
  return *peer.shared_since;
}

std::vector<std::string> Copies::arguments(const Registered& peer) {
  if (here_.is_home_of(peer.peer) || !mirror_.is_live(peer)) return {};
  note(peer.peer);
  Mirror::Peer& entry = *mirror_.find(peer.peer);
  return {std::to_string(since_us(entry)), entry.away ? "1" : "0"};
}

}  // namespace peer_redis
