#include "core/hub/resume_directory.h"

#include <cstring>

namespace peer {

std::uint64_t ResumeDirectory::key_of(const TokenHash& token) {
  std::uint64_t key = 0;
  std::memcpy(&key, token.bytes.data(), sizeof key);
  return key;
}

// Two to a bucket: a token is looked for once in the life of a connection, and buckets are many.
ResumeDirectory::ResumeDirectory() {
  for (Shard& shard : shards_) shard.sessions.max_load_factor(2);
}

bool ResumeDirectory::add(const TokenHash& token, SessionRef session) {
  const std::uint64_t key = key_of(token);
  Shard& shard = shards_[key % shards_.size()];
  const MutexLock lock(shard.mutex);
  return shard.sessions.emplace(key, session).second;
}

void ResumeDirectory::remove(const TokenHash& token) {
  const std::uint64_t key = key_of(token);
  Shard& shard = shards_[key % shards_.size()];
  const MutexLock lock(shard.mutex);
  shard.sessions.erase(key);
}

std::optional<SessionRef> ResumeDirectory::find(const TokenHash& token) const {
  const std::uint64_t key = key_of(token);
  const Shard& shard = shards_[key % shards_.size()];
  const MutexLock lock(shard.mutex);
  const auto found = shard.sessions.find(key);
  if (found == shard.sessions.end()) return std::nullopt;
  return found->second;
}

ResumeDirectory::Departure ResumeDirectory::go_away(SessionRef session, std::size_t most) {
  const MutexLock lock(mutex_);
  Departure departure;
  departure.place = ++last_place_;
  away_.emplace(departure.place, session);
  while (away_.size() > most) {
    departure.too_many.push_back({away_.begin()->first, away_.begin()->second});
    away_.erase(away_.begin());
  }
  return departure;
}

void ResumeDirectory::come_back(std::uint64_t place) {
  const MutexLock lock(mutex_);
  away_.erase(place);
}

std::size_t ResumeDirectory::away() const {
  const MutexLock lock(mutex_);
  return away_.size();
}

void ResumeDirectory::note_banned(const TokenHash& token, Time ends, Time now) {
  const MutexLock lock(mutex_);
  if (banned_.size() >= kMostBanned) {
    std::erase_if(banned_, [now](const auto& entry) { return entry.second <= now; });
  }
  if (banned_.size() < kMostBanned) banned_[token] = ends;
}

bool ResumeDirectory::is_banned(const TokenHash& token, Time now) const {
  const MutexLock lock(mutex_);
  const auto found = banned_.find(token);
  return found != banned_.end() && found->second > now;
}

}  // namespace peer
