#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/base/time.h"
#include "core/hub/namespace_set.h"
#include "core/net/session_ref.h"
#include "core/protocol/kept_alias.h"

namespace peer {

/// The order of peers in lists of all of them. In it the peers of a shard stand together, however
/// many shards a node has, so that a page of a list costs a walk through a shard or two.
[[nodiscard]] bool comes_before(const Fingerprint& a, const Fingerprint& b);

/// A peer, and where it is.
struct PeerPlace {
  Fingerprint peer;
  SessionRef where;
};

/// Of one fingerprint, within the time: two clients with the same key that both reconnect would
/// replace each other without end.
inline constexpr std::uint32_t kMaxReplacements = 20;
inline constexpr milliseconds kReplacementWindow{10'000};

/// What a newer registration takes over from the one that it replaces.
struct Inheritance {
  bool seat = false;  ///< its place among `max_peers`
  Time since{};       ///< start of the window in which replacements are counted
  std::uint32_t replacements = 0;

  [[nodiscard]] bool too_many(Time now) const {
    return now - since < kReplacementWindow && replacements >= kMaxReplacements;
  }
  void count(Time now) {
    if (now - since >= kReplacementWindow) {
      since = now;
      replacements = 0;
    }
    ++replacements;
  }
};

/// Where each registered peer is, and which alias means whom (docs/protocol.md, "Identity").
/// `shard_count` shards chosen by the first 16 bits of the fingerprint, each with its own lock.
///
/// Thread-safe. A peer's entry is written by its own loop only. Answers may be out of date at once:
/// a SessionRef of a session that has ended is found by nobody. Aliases are apart from peers: what
/// ends a registration frees its alias with a call of its own.
class PeerDirectory {
 public:
  enum class Admission : std::uint8_t { kAdmitted, kPresent, kFull };
  struct AdmissionResult {
    Admission admission = Admission::kAdmitted;
    SessionRef present;       ///< kPresent: who has the fingerprint now
    Inheritance inheritance;  ///< kPresent: its window of replacements
  };
  enum class Route : std::uint8_t { kFound, kNotFound, kForbidden };

  /// `shard_count`: a power of two.
  PeerDirectory(std::uint32_t shard_count, std::uint32_t max_peers);

  /// Enters a peer, unless its fingerprint is present (replace that one first) or the server is
  /// full. With `inheritance.seat` it takes over a place that was kept for it.
  /// The result says who is present, since the caller has to end that one on its own loop first.
  AdmissionResult admit(const Fingerprint& peer, SessionRef where, const Inheritance& inheritance);
  /// Removes the entry if it is still `where`'s. Nullopt when it is not; else what a replacement
  /// inherits: its seat when `keep_seat`, which must end in admit() or release_seat().
  std::optional<Inheritance> remove(const Fingerprint& peer, SessionRef where, bool keep_seat);
  /// Counts what is as a replacement although the entry stays. False, and nothing is counted: there
  /// have been too many.
  [[nodiscard]] bool count_replacement(const Fingerprint& peer, Time now);
  /// What a newer registration would inherit, but for the seat.
  [[nodiscard]] Inheritance replacements_of(const Fingerprint& peer) const;
  /// Gives up a seat that remove() kept.
  void release_seat() { count_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] bool full() const { return count() >= max_peers_; }
  /// Registered peers; one for a fingerprint that is being replaced.
  [[nodiscard]] std::uint32_t count() const { return count_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t max_peers() const { return max_peers_; }
  /// Peers that are in stay, even if there are more.
  void set_max_peers(std::uint32_t max_peers) { max_peers_ = max_peers; }
  [[nodiscard]] bool present(const Fingerprint& peer) const { return find(peer).has_value(); }

  /// Where a peer is.
  [[nodiscard]] std::optional<SessionRef> find(const Fingerprint& peer) const;
  /// Where a peer is, if it shares a namespace with `sender` (docs/protocol.md, "signal"). `where`
  /// is set unless the answer is kNotFound.
  Route route(const Fingerprint& peer, const NamespaceSet& sender, SessionRef& where) const;
  /// At most `limit` peers behind `after`, in the order of comes_before().
  [[nodiscard]] std::vector<PeerPlace> page(const std::optional<Fingerprint>& after,
                                            std::size_t limit) const;
  /// The same of those whose alias contains `text`, whatever the case of its ASCII letters, or
  /// whose fingerprint begins with it; `in`: of its members, if not null. Walks through all of
  /// them, one shard after the other. An alias counts for the peer that holds it.
  [[nodiscard]] std::vector<PeerPlace> search(std::string_view text, const Namespace* in,
                                              const std::optional<Fingerprint>& after,
                                              std::size_t limit) const;
  /// Names of the namespaces that it is in, muted ones too.
  [[nodiscard]] std::vector<std::string> namespaces_of(const Fingerprint& peer) const;
  /// Whether the peer is a member of `ns`.
  [[nodiscard]] bool is_member(const Fingerprint& peer, const Namespace* ns) const;
  /// Notes what the boundary of signals is checked against. Nothing happens to a peer that has
  /// gone.
  void enter_namespace(const Fingerprint& peer, const Namespace* ns);
  void leave_namespace(const Fingerprint& peer, const Namespace* ns);
  /// A namespace that the peer is in, but may not use: signals do not come by it.
  void mute_namespace(const Fingerprint& peer, const Namespace* ns, bool muted);

  /// First come, first served. False: another holds it.
  bool claim_alias(std::string_view alias, const Fingerprint& peer);
  /// Whoever holds it: only its holder's end may call this.
  void free_alias(std::string_view alias);
  [[nodiscard]] std::optional<Fingerprint> resolve_alias(std::string_view alias) const;
  /// What a client means by a fingerprint (64 hex digits) or an alias.
  [[nodiscard]] std::optional<Fingerprint> resolve(std::string_view name) const;

 private:
  /// What few peers have.
  struct Rare {
    std::uint32_t replacements = 0;
    Time since{};
    NamespaceSet muted;
  };
  struct Entry {
    SessionRef where;
    NamespaceSet namespaces;
  };
  using Peers = std::unordered_map<Fingerprint, Entry>;
  struct Shard {
    mutable Mutex mutex;
    Peers peers PEER_GUARDED_BY(mutex);
    /// Of those of `peers` that have it: a pointer in each entry would take 16 bytes of it.
    std::unordered_map<Fingerprint, Rare> rare PEER_GUARDED_BY(mutex);
  };
  /// Who holds an alias.
  struct Holder {
    Fingerprint peer;
    KeptAlias kept;

    [[nodiscard]] AliasText alias() const { return kept.text(peer); }
  };
  /// An alias that is looked up, with its hash: that says which shard, and where in it.
  struct WantedAlias {
    explicit WantedAlias(std::string_view alias)
        : text(alias), hash(std::hash<std::string_view>{}(alias)) {}

    std::string_view text;
    std::size_t hash;
  };
  struct AliasHash {
    using is_transparent = void;
    std::size_t operator()(const WantedAlias& alias) const { return alias.hash; }
    std::size_t operator()(const Holder& holder) const {
      return WantedAlias(holder.alias().view()).hash;
    }
  };
  struct SameAlias {
    using is_transparent = void;
    bool operator()(const WantedAlias& alias, const Holder& holder) const {
      return alias.text == holder.alias().view();
    }
    bool operator()(const Holder& one, const Holder& other) const {
      return one.alias().view() == other.alias().view();
    }
  };
  struct AliasShard {
    mutable Mutex mutex;
    std::unordered_set<Holder, AliasHash, SameAlias> holders PEER_GUARDED_BY(mutex);
  };

  /// Null: nothing of it.
  [[nodiscard]] static const Rare* find_rare(const Shard& shard, const Fingerprint& peer)
      PEER_REQUIRES(shard.mutex);
  [[nodiscard]] static bool is_in(const Shard& shard, const Peers::value_type& peer,
                                  const Namespace* ns) PEER_REQUIRES(shard.mutex);
  [[nodiscard]] static Inheritance inheritance_of(const Shard& shard, const Fingerprint& peer,
                                                  bool seat) PEER_REQUIRES(shard.mutex);
  [[nodiscard]] Shard& shard_of(const Fingerprint& peer) const;
  [[nodiscard]] AliasShard& alias_shard_of(const WantedAlias& alias) const;

  const std::uint32_t mask_;
  std::atomic<std::uint32_t> max_peers_;
  std::atomic<std::uint32_t> count_{0};
  std::unique_ptr<Shard[]> shards_;
  std::unique_ptr<AliasShard[]> alias_shards_;
};

}  // namespace peer
