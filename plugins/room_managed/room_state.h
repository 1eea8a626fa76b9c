#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>

namespace peer_managed {

using peer::sdk::Fingerprint;
using peer::sdk::Instant;

/// Of one peer. It lasts as long as the room, or until the owner gives another list.
struct Invitation {
  Fingerprint peer;
  /// It has been used by a peer that had proved its key: it is nothing to one that has not.
  bool proved = false;

  friend bool operator==(const Invitation&, const Invitation&) = default;
};

struct Ban {
  Fingerprint peer;
  std::optional<Instant> until;  ///< nullopt: as long as the room lives

  friend bool operator==(const Ban&, const Ban&) = default;
};

/// What the policy keeps of a room beside its owner and size. The core stores its text with the
/// room, on all nodes; with the lists at their bounds it is shorter than the core's 64 KiB: 400
/// bans and 400 invitations, 500 members, 1 KiB of info.
struct RoomState {
  bool locked = false;
  bool listed = false;                             ///< `public`
  std::string info;                                ///< a JSON object; empty: none
  std::string password;                            ///< the core's hash of it; empty: none
  std::optional<std::vector<Invitation>> invited;  ///< nullopt: everybody may come
  std::vector<Ban> bans;
  /// Members that have proved their keys.
  std::vector<Fingerprint> proved;
  /// The owner had proved its key. It may be away, and then its fingerprint alone is not enough to
  /// be the owner.
  bool owner_proved = false;

  friend bool operator==(const RoomState&, const RoomState&) = default;
};

/// Bytes, with a version in front.
[[nodiscard]] std::string to_text(const RoomState& state);
/// Nullopt: it was not written by to_text() of this version.
[[nodiscard]] std::optional<RoomState> read_state(std::string_view text);
/// The same; throws std::runtime_error in place of nullopt: the question at hand cannot be
/// answered.
[[nodiscard]] RoomState state_of(std::string_view text);

/// Whether a ban of it holds at `now`. Linear in the bans.
[[nodiscard]] bool is_banned(const RoomState& state, const Fingerprint& peer, Instant now);

}  // namespace peer_managed
