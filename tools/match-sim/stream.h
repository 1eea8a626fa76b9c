#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/result.h>

namespace peer::match_sim {

/// One request for a match.
struct Arrival {
  std::chrono::milliseconds at{0};  ///< since the start
  double rating = 0;
  std::string region;  ///< one, or several with '|' between; empty: none
  std::string party;   ///< its id; empty: none
  std::uint32_t party_size = 1;
};

/// Reads lines `time,rating,region,party`: seconds, a number, a text, and `id:size`; the last two
/// may be empty. The first line may be the names. Times must not fall. The error says which line is
/// wrong, and what it should be.
[[nodiscard]] sdk::Result<std::vector<Arrival>> read_stream(std::istream& in);
void write_stream(std::ostream& out, const std::vector<Arrival>& arrivals);

/// What public data of rated play look like: ratings normal around 1500 with deviation 300, the
/// time between arrivals log-normal (sigma 1), `per_second` of them on average. The same seed gives
/// the same stream.
[[nodiscard]] std::vector<Arrival> make_stream(std::size_t count, double per_second,
                                               std::uint64_t seed);

}  // namespace peer::match_sim
