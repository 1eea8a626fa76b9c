#include "core/limit/rate_limiter.h"

namespace peer {
namespace {

constexpr milliseconds kForgottenAfter{10 * 60 * 1000};

}  // namespace

RateLimiter::RateLimiter(std::uint32_t shards)
    : mask_(shards - 1), shards_(std::make_unique<Shard[]>(shards)) {}

RateLimiter::Shard& RateLimiter::shard_of(const Fingerprint& peer) const {
  return shards_[(peer.bytes[2] * 256U + peer.bytes[3]) & mask_];
}

bool RateLimiter::try_acquire(const Fingerprint& peer, RateLimit limit, Time now) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  // A bucket starts full, so one that sweep() has forgotten is no loss to its peer.
  const auto bucket = shard.buckets.try_emplace(peer, limit, now).first;
  return bucket->second.try_acquire(limit, now);
}

void RateLimiter::forget(const Fingerprint& peer) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  shard.buckets.erase(peer);
}

std::optional<TokenBucket::Level> RateLimiter::take_out(const Fingerprint& peer, Time now) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto bucket = shard.buckets.find(peer);
  if (bucket == shard.buckets.end()) return std::nullopt;
  const TokenBucket::Level level = bucket->second.level(now);
  shard.buckets.erase(bucket);
  return level;
}

void RateLimiter::put_in(const Fingerprint& peer, TokenBucket::Level level, Time now) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  shard.buckets.insert_or_assign(peer, TokenBucket(level, now));
}

void RateLimiter::sweep(Time now) {
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    const MutexLock lock(shards_[i].mutex);
    std::erase_if(shards_[i].buckets, [&](const auto& entry) {
      return now - entry.second.last_used() >= kForgottenAfter;
    });
  }
}

std::size_t RateLimiter::size() const {
  std::size_t size = 0;
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    const MutexLock lock(shards_[i].mutex);
    size += shards_[i].buckets.size();
  }
  return size;
}

}  // namespace peer
