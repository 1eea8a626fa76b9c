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

/// The buckets of sessions that were replaced, until the newer session of the same fingerprint
/// takes them over (docs/protocol.md, "Rate limits"): a replacement does not refill a bucket.
/// Thread-safe: `shards` (a power of two) locks.
class LeftBuckets {
 public:
  explicit LeftBuckets(std::uint32_t shards);

  /// A bucket that is here for the peer already is replaced. The number of buckets has no bound of
  /// its own: sweep() is what keeps it small.
  void leave(const Fingerprint& peer, const TokenBucket& bucket);
  /// Nullopt: none was left, and the peer starts with a full one.
  [[nodiscard]] std::optional<TokenBucket> take(const Fingerprint& peer);
  /// Forgets buckets that were not used for 10 minutes: their peers live on another node, say.
  /// Takes the locks one after the other, and time in proportion to the buckets: for a timer, not
  /// for a request.
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
