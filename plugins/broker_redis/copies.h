#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kit.h"
#include "part_choice.h"

namespace peer_redis {

/// In which parts beside its own each registration of this node has been copied, or may have been:
/// a bit for each. Loop thread only.
class CopiesMade {
 public:
  /// Bits of a number.
  static constexpr std::size_t kMostParts = 64;

  /// False: it is known.
  bool note(const Fingerprint& peer, std::size_t part) {
    std::uint64_t& bits = parts_[peer];
    const std::uint64_t before = std::exchange(bits, bits | std::uint64_t{1} << part);
    return bits != before;
  }
  /// Who is told of each part that is new.
  void on_new(std::function<void(const Fingerprint& peer)> tell) { tell_ = std::move(tell); }
  void tell(const Fingerprint& peer) const {
    if (tell_) tell_(peer);
  }
  [[nodiscard]] bool are_in(const Fingerprint& peer, std::size_t part) const {
    const auto found = parts_.find(peer);
    return found != parts_.end() && (found->second >> part & 1) != 0;
  }
  void forget(const Fingerprint& peer) { parts_.erase(peer); }
  /// All of them, by number.
  [[nodiscard]] std::set<std::size_t> all_of(const Fingerprint& peer) const;
  /// The same as they are shared: numbers, "," behind each.
  [[nodiscard]] std::string text(const Fingerprint& peer) const;

 private:
  std::unordered_map<Fingerprint, std::uint64_t> parts_;
  std::function<void(const Fingerprint& peer)> tell_;
};

/// How a registration of this node is written in one part. Where a peer has something in a part
/// that is not its own, a copy of its registration is there (plugins/broker_redis/DESIGN.md,
/// "Parts"). Loop thread only.
class Copies {
 public:
  Copies(PartIndex here, Mirror& mirror, CopiesMade& made)
      : here_(here), mirror_(mirror), made_(made) {}

  /// Redis' clock minus ours, as the last beat found it.
  void set_clock_offset(std::int64_t us) { clock_offset_us_ = us; }
  /// When the peer registered, on Redis' clock, us: as it was told at the registration, or reckoned
  /// for one that Redis never heard of. The first part that reckons it says it for all: a copy must
  /// not be newer than the registration.
  [[nodiscard]] std::int64_t since_us(Mirror::Peer& peer) const;

  /// Last arguments of a script that may have to copy the registration: its time, and whether its
  /// session is away. None in the peer's own part, and of a registration that has ended.
  [[nodiscard]] std::vector<std::string> arguments(const Registered& peer);
  /// A copy of it is about to be written here.
  void note(const Fingerprint& peer) {
    if (!here_.is_home_of(peer) && made_.note(peer, here_.number)) made_.tell(peer);
  }
  /// Whether there is something of the peer here, or may be.
  [[nodiscard]] bool may_have(const Fingerprint& peer, const Mirror::Peer& entry) const {
    return here_.concerns(peer, entry) || made_.are_in(peer, here_.number);
  }
  [[nodiscard]] const PartIndex& here() const { return here_; }

 private:
  const PartIndex here_;
  Mirror& mirror_;
  CopiesMade& made_;
  std::optional<std::int64_t> clock_offset_us_;  ///< none before the first beat
};

}  // namespace peer_redis
