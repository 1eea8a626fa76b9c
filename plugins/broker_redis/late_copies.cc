#include "late_copies.h"

#include <functional>

namespace peer_redis {
namespace {

std::size_t hash_of(std::string_view channel, std::string_view message) {
  const std::hash<std::string_view> hash;
  return hash(channel) * 31 + hash(message);
}

}  // namespace

void LateCopies::forget_before(Time time) {
  while (!noted_.empty() && noted_.front().time < time) noted_.pop_front();
}

void LateCopies::note(std::string_view channel, std::string_view message, Time now) {
  forget_before(now - kMaxDelay);
  if (noted_.size() >= kMaxNoted) noted_.pop_front();
  noted_.push_back({now, hash_of(channel, message)});
}

void LateCopies::expect(Time now) {
  forget_before(now - kMaxDelay);
  if (noted_.empty()) return;  // of a link that never was up, say: what is expected stays so
  expected_.clear();
  for (const Noted& noted : noted_) ++expected_[noted.hash];
  noted_.clear();
  expected_until_ = now + kMaxDelay;
}

bool LateCopies::take(std::string_view channel, std::string_view message, Time now) {
  if (expected_.empty()) return false;
  if (now >= expected_until_) {
    expected_.clear();
    return false;
  }
  const auto found = expected_.find(hash_of(channel, message));
  if (found == expected_.end()) return false;
  if (--found->second == 0) expected_.erase(found);
  return true;
}

}  // namespace peer_redis
