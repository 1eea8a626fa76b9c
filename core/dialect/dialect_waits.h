#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/server/node.h"

namespace peer {

/// Who waits for peers of dialects that are not there yet, on this node and on others: what they
/// have for those is theirs to keep (ForeignPeer). Whoever comes first to wait for a peer tells the
/// other nodes, and the one where that peer appears says so. What is lost between nodes costs
/// nothing but time: each waiting peer tries once more when its time is over.
///
/// Thread-safe. It lives as long as the node.
class DialectWaits {
 public:
  /// Nobody waits longer.
  static constexpr milliseconds kLongest{60'000};

  explicit DialectWaits(Node& node) : node_(node) {}

  /// `sender`, a session of the loop that this is called on, waits for `target`. Its ForeignPeer
  /// hears of the end (ForeignPeer::go_on). Until then, or `until` if nobody waits for it yet.
  void wait(const Fingerprint& target, SessionRef sender, Time until) PEER_EXCLUDES(mutex_);
  /// A peer of a dialect can be reached now. On its loop. Those that wait for it here are woken by
  /// tasks, and the nodes that do are told.
  void arrived(const Fingerprint& peer) PEER_EXCLUDES(mutex_);
  /// Another node says something of this. Any thread.
  void hear(std::string_view from, std::string_view text) PEER_EXCLUDES(mutex_);

  /// Bytes of what waits on this node, of all senders: `max_queued_bytes` at most. False: there are
  /// too many, and none are counted. A sender gives back once what it has taken.
  [[nodiscard]] bool take_bytes(std::size_t bytes);
  void give_bytes(std::size_t bytes) { bytes_ -= bytes; }

 private:
  struct Wait {
    std::uint64_t number = 0;
    std::vector<SessionRef> senders;
  };
  enum class End : std::uint8_t { kArrived, kOver };

  void tell(std::string_view to, std::uint64_t step, const Fingerprint& peer);
  void end(const Fingerprint& target, std::uint64_t number, End end) PEER_EXCLUDES(mutex_);
  void wake(const Fingerprint& target, const std::vector<SessionRef>& senders, End end);

  Node& node_;
  std::atomic<std::size_t> bytes_{0};
  Mutex mutex_;
  std::uint64_t last_ PEER_GUARDED_BY(mutex_) = 0;
  std::unordered_map<Fingerprint, Wait> waits_ PEER_GUARDED_BY(mutex_);
  /// Nodes that wait for a peer, and until when: each as long as `kRemembered` at most.
  std::unordered_map<Fingerprint, std::map<std::string, Time>> elsewhere_ PEER_GUARDED_BY(mutex_);
  Time next_sweep_ PEER_GUARDED_BY(mutex_){};
};

}  // namespace peer
