#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace peer_skill {

/// What cannot be divided between teams: a peer, or a party.
struct TeamPart {
  std::uint32_t size = 1;
  double sum = 0;  ///< of its members' numbers
};

/// Which team each part is in. Nullopt: no division into `count` teams of `size` was found. The
/// parts together fill them exactly. `tries` rises by the work that it was.
///
/// Of all divisions that with the least difference between the greatest and the least sum of a
/// team, for up to 10 peers; beyond that one which no exchange of two parts makes better.
[[nodiscard]] std::optional<std::vector<std::uint32_t>> divide(const std::vector<TeamPart>& parts,
                                                               std::uint32_t count,
                                                               std::uint32_t size,
                                                               std::uint64_t& tries);

}  // namespace peer_skill
