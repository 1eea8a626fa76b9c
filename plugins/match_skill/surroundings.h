#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "options.h"
#include "search.h"
#include "units.h"

/// What a unit sees among those that wait, and when it will see more without a new ticket: the
/// tolerances widen. Functions of their arguments, but for Unit::seen.
namespace peer_skill {

/// What one look has found. A candidate is good until its unit is displaced.
struct Surroundings {
  std::vector<Candidate> candidates;  ///< all that could be in a group with it, the oldest first
  /// When that changes with time alone, as far as it is for this unit to say; nullopt: never.
  std::optional<peer::sdk::Instant> event;
};

/// `spans`: of the unit by range rule, all accepted. `look`: a number that no earlier look of the
/// same pool had. What the steps do not reach is not seen.
[[nodiscard]] Surroundings look_around(const Options& options, Unit& unit,
                                       const std::vector<Span>& spans, std::uint64_t look,
                                       peer::sdk::Instant now, Steps& steps);

/// The first moment at which all these members accept each other; nullopt: never.
[[nodiscard]] std::optional<peer::sdk::Instant> when_accepted(const Options& options, const Unit& a,
                                                              const Unit& b);

/// Keeps the earlier one.
inline void earlier(std::optional<peer::sdk::Instant>& event,
                    std::optional<peer::sdk::Instant> other) {
  if (other && (!event || *other < *event)) event = other;
}

}  // namespace peer_skill
