#include "reaper.h"

#include <utility>

namespace peer_redis {

void Reaper::went_up() {
  last_beat_ = {};
  beating_since_ = {};
}

// A node whose lease has run out is given two more beats: it lives when it is Redis' clock that has
// jumped.
void Reaper::take_beat(Time now, const std::vector<std::string>& dead) {
  if (now - last_beat_ > options_.lease) beating_since_ = now;
  last_beat_ = now;
  std::map<std::string, Time> dead_since;
  for (const std::string& node : dead) {
    const auto before = dead_since_.find(node);
    dead_since.emplace(node, before == dead_since_.end() ? now : before->second);
  }
  dead_since_ = std::move(dead_since);
  if (now - beating_since_ < options_.lease) return;
  for (const auto& [node, since] : dead_since_) {
    const bool is_silent = now - since >= 2 * options_.beat;
    if (is_silent && view_.is_chosen_for(node) && reaping_.insert(node).second) reap_chunk(node);
  }
}

// In chunks, so that what others ask of Redis comes in between.
void Reaper::reap_chunk(const std::string& node) {
  link_.run(Script::kReap, {node, "100"}, [this, node](const Reply* reply) {
    if (has_answered(reply) && reply->integer() > 0) return reap_chunk(node);
    reaping_.erase(node);
  });
}

}  // namespace peer_redis
