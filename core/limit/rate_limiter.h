#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/limit/token_bucket.h"

namespace peer {

/// One token bucket per fingerprint (docs/protocol.md, "Rate limits"). A peer without tokens
/// gets a 429 and keeps its connection. The bucket is the fingerprint's, not the connection's: a
/// replacement does not refill it.
/// Thread-safe: `shards` (a power of two) locks.
class RateLimiter {
 public:
  explicit RateLimiter(std::uint32_t shards);

  /// Takes one token. Returns false, and takes nothing, when the bucket is empty. The first call of
  /// a fingerprint makes its bucket, full.
  [[nodiscard]] bool try_acquire(const Fingerprint& peer, RateLimit limit, Time now);
  /// The peer has gone for good: a bucket of the same fingerprint starts full again.
  void forget(const Fingerprint& peer);
  /// The peer goes on at another node, or comes from one; nullopt: its bucket is full.
  [[nodiscard]] std::optional<TokenBucket::Level> take_out(const Fingerprint& peer, Time now);
  void put_in(const Fingerprint& peer, TokenBucket::Level level, Time now);
  /// Forgets buckets that were not used for 10 minutes. Takes the locks one after the other, and
  /// time in proportion to the buckets: for a timer, not for a request.
  void sweep(Time now);
  /// Buckets now, over all shards.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<Fingerprint, TokenBucket> buckets PEER_GUARDED_BY(mutex);
  };
  [[nodiscard]] Shard& shard_of(const Fingerprint& peer) const;

  const std::uint32_t mask_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace peer
