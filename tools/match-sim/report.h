#pragma once

#include <iosfwd>
#include <vector>

#include "tools/match-sim/simulation.h"

namespace peer::match_sim {

/// Prints counts, waits, spreads (greatest less least rating of a group), and, with teams, how far
/// their sums are apart.
void print_report(std::ostream& out, const std::vector<Arrival>& arrivals, const Outcome& outcome);
/// One line for each group: when, how long its members have waited on average, its spread.
void print_groups(std::ostream& out, const std::vector<Arrival>& arrivals, const Outcome& outcome);

}  // namespace peer::match_sim
