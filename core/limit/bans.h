#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/base/address.h"
#include "core/base/fingerprint.h"
#include "core/base/mutex.h"

namespace peer {

/// Whom a ban keeps out (docs/api.md, "Bans"): one peer, or whoever comes from these addresses.
using BanTarget = std::variant<Fingerprint, AddressRange>;

/// 64 hex digits, an address, or a CIDR range without bits behind its prefix.
[[nodiscard]] std::optional<BanTarget> parse_ban_target(std::string_view text);
/// The one text that all spellings of a target share.
[[nodiscard]] std::string to_text(const BanTarget& target);

/// The latest that is known of a target. Times in milliseconds since the Unix epoch.
struct Ban {
  std::string target;           ///< as to_text() has it
  std::int64_t changed_at = 0;  ///< of two that nodes know of one target the later one counts
  std::int64_t ends_at = 0;     ///< 0: the ban is lifted
  std::string reason;           ///< the operator's words

  [[nodiscard]] bool lasts(std::int64_t now) const { return ends_at > now; }
  friend bool operator==(const Ban&, const Ban&) = default;
};

/// How long it is remembered that a ban was lifted: so long a node that was cut off may come back
/// with it.
inline constexpr std::int64_t kLiftedFor = 24LL * 3'600'000;

/// The bans of this node. Thread-safe: asked by the loops whenever a client comes in, at the price
/// of one load while there are none, and of a lock that all loops share while there are some.
///
/// A ban that has ended stays in memory until there is no room for a new one, and counts no more.
/// Bans are only remembered here: sessions that run are ended by core/session/banning.h, and other
/// nodes hear by core/admin/ban_sharing.h. `now` is in milliseconds since the Unix epoch.
class Bans {
 public:
  enum class Change : std::uint8_t {
    kTaken,
    kKnown,  ///< what is known is as new
    kFull,   ///< there are `max_bans`
  };

  /// At most so many targets are remembered, those whose ban was lifted lately included. Lower than
  /// what is there, it ends no ban.
  void use_most(std::size_t most) { most_ = most; }
  /// `ban.target` is one that parse_ban_target() takes, in the form of to_text(): that is checked
  /// where it comes in. Of a target that is known, an older ban or one of the same time is kKnown.
  Change put(const Ban& ban, std::int64_t now) PEER_EXCLUDES(mutex_);
  /// Of a ban that lasts.
  [[nodiscard]] std::optional<Ban> find(const std::string& target, std::int64_t now) const
      PEER_EXCLUDES(mutex_);
  /// When a target's ban was put or lifted last; 0: never, as far as is known.
  [[nodiscard]] std::int64_t changed_at(const std::string& target) const PEER_EXCLUDES(mutex_);
  /// Those behind `after` that last, in the order of their texts.
  [[nodiscard]] std::vector<Ban> list(std::string_view after, std::size_t limit,
                                      std::int64_t now) const PEER_EXCLUDES(mutex_);
  /// All that last or were lifted lately: what another node needs.
  [[nodiscard]] std::vector<Ban> all(std::int64_t now) const PEER_EXCLUDES(mutex_);

  /// Whether a ban of the peer lasts.
  [[nodiscard]] bool covers(const Fingerprint& peer, std::int64_t now) const PEER_EXCLUDES(mutex_);
  /// Whether one of a range does that holds the address. One look-up for each length of prefix in
  /// use.
  [[nodiscard]] bool covers(const Address& address, std::int64_t now) const PEER_EXCLUDES(mutex_);

 private:
  struct Hash {
    std::size_t operator()(const Address& address) const;
  };
  using Ends = std::int64_t;

  void index(const Ban& ban, bool lasts) PEER_REQUIRES(mutex_);
  void sweep(std::int64_t now) PEER_REQUIRES(mutex_);

  std::atomic<std::size_t> most_{10'000};
  std::atomic<std::size_t> count_{0};  // of by_target_: no lock while it is 0
  mutable Mutex mutex_;
  std::map<std::string, Ban, std::less<>> by_target_ PEER_GUARDED_BY(mutex_);
  std::unordered_map<Fingerprint, Ends> peers_ PEER_GUARDED_BY(mutex_);
  /// By the length of the prefix, then by the first address.
  std::map<unsigned, std::unordered_map<Address, Ends, Hash>> ranges_ PEER_GUARDED_BY(mutex_);
};

}  // namespace peer
