#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/plugin/by_namespace.h"
#include "tools/match-sim/stream.h"

namespace peer::match_sim {

/// What the peers of a stream ask for.
struct Asking {
  std::string ns = "match-sim";
  std::uint32_t group_size = 2;
  std::uint32_t team_count = 0;  ///< 0: no teams
  std::uint32_t team_size = 0;
  std::string rating_field = "skill";    ///< among the criteria; empty: left out
  std::string region_field = "region";   ///< of an arrival that has one
  bool regions_are_lists = false;        ///< also where there is one
  double bucket = 0;                     ///< ratings are told in steps of so much; 0: as they are
  std::chrono::milliseconds timeout{0};  ///< after which a peer gives up; 0: never
};

/// A group that the strategy has formed, and the server would have let start.
struct Played {
  std::vector<std::size_t> members;  ///< of the stream, by number
  std::chrono::milliseconds at{0};
  std::vector<std::vector<std::size_t>> teams;
};

/// What has become of a stream. Times are those of the stream, from its beginning.
struct Outcome {
  std::vector<Played> groups;
  std::vector<std::string> refused;  ///< in words of the strategy, one for each refused request
  std::size_t gave_up = 0;
  std::size_t unmatched = 0;  ///< at the end, when the strategy has nothing more to do
  std::chrono::milliseconds until{0};
};

/// Plays a stream through a strategy, as the server drives it: groups are formed at each request,
/// and whenever the strategy asks for that, 50 ms apart at least. The clock is the stream's. After
/// the last arrival time goes on for `patience`, or until nobody waits.
[[nodiscard]] Outcome simulate(const Served<sdk::MatchStrategy>& strategy,
                               const std::vector<Arrival>& arrivals, const Asking& asking,
                               std::chrono::milliseconds patience);

}  // namespace peer::match_sim
