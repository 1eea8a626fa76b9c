#include "core/limit/left_buckets.h"

namespace peer {
namespace {

constexpr milliseconds kForgottenAfter{10 * 60 * 1000};

}  // namespace

LeftBuckets::LeftBuckets(std::uint32_t shards)
    : mask_(shards - 1), shards_(std::make_unique<Shard[]>(shards)) {}

LeftBuckets::Shard& LeftBuckets::shard_of(const Fingerprint& peer) const {
  return shards_[(peer.bytes[2] * 256U + peer.bytes[3]) & mask_];
}

void LeftBuckets::leave(const Fingerprint& peer, const TokenBucket& bucket) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  shard.buckets.insert_or_assign(peer, bucket);
}

std::optional<TokenBucket> LeftBuckets::take(const Fingerprint& peer) {
  Shard& shard = shard_of(peer);
  const MutexLock lock(shard.mutex);
  const auto left = shard.buckets.find(peer);
  if (left == shard.buckets.end()) return std::nullopt;
  const TokenBucket bucket = left->second;
  shard.buckets.erase(left);
  return bucket;
}

void LeftBuckets::sweep(Time now) {
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    const MutexLock lock(shards_[i].mutex);
    std::erase_if(shards_[i].buckets, [&](const auto& entry) {
      return now - entry.second.last_used() >= kForgottenAfter;
    });
  }
}

std::size_t LeftBuckets::size() const {
  std::size_t size = 0;
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    const MutexLock lock(shards_[i].mutex);
    size += shards_[i].buckets.size();
  }
  return size;
}

}  // namespace peer
