#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "options.h"
#include "units.h"

namespace peer_skill {

/// The work of one call: it ends when the limit is reached.
struct Steps {
  std::uint64_t left = 0;

  /// False: there are none left.
  bool take(std::uint64_t steps = 1) {
    if (left < steps) {
      left = 0;
      return false;
    }
    left -= steps;
    return true;
  }
};

/// A unit that may be in a group with the one that is searched for.
struct Candidate {
  Unit* unit = nullptr;
  std::vector<Span> spans;  ///< by range rule
};

/// A group that may start.
struct Found {
  std::vector<Unit*> units;
  std::vector<std::uint32_t> teams;  ///< of each unit; empty: no teams
};

/// Of all groups that hold `unit`, and beside it candidates only, the one with the oldest members,
/// compared in order; of two that differ in length alone the longer one. Nullopt: there is none, or
/// it was not found within the steps.
///
/// `candidates`: the oldest first (Unit::first()); each of them alone may be in a group with
/// `unit`.
[[nodiscard]] std::optional<Found> find_group(const Options& options, Unit& unit,
                                              const std::vector<Candidate>& candidates,
                                              peer::sdk::Instant now, Steps& steps);

/// What two sorted lists have in common.
[[nodiscard]] std::vector<std::uint32_t> intersection(const std::vector<std::uint32_t>& a,
                                                      const std::vector<std::uint32_t>& b);
/// Whether that is anything.
[[nodiscard]] bool intersects(const std::vector<std::uint32_t>& a,
                              const std::vector<std::uint32_t>& b);

}  // namespace peer_skill
